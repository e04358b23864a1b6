internal import IR
internal import Operators
internal import Samples

/// Watches the ranges of values while samples run.
final class RangeCalibration: Observer {
  let values: Set<ValueID>
  private var observers: [ValueID: RangeObserver]

  init(_ values: Set<ValueID>, histogram: Bool) {
    self.values = values
    observers = Dictionary(
      uniqueKeysWithValues: values.map { ($0, RangeObserver(histogram: histogram)) })
  }

  func observe(_ value: ValueID, _ view: TensorView) {
    guard view.elementType == .float else { return }
    observers[value]?.observe(view.elements(Float.self))
  }

  /// The range of each value by the method, under its name in the graph; values that never were
  /// finite have none.
  func ranges(_ method: QuantizationOptions.Method, in graph: Graph) -> [String: [Float]] {
    var ranges: [String: [Float]] = [:]
    for (value, observer) in observers {
      let range =
        switch method {
        case .minmax: observer.range
        case .percentile(let fraction): observer.range(percentile: fraction)
        }
      if let range { ranges[graph[value].name] = [range.lowerBound, range.upperBound] }
    }
    return ranges
  }
}
