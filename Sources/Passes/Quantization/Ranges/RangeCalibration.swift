internal import IR
internal import Operators
internal import Samples

/// Watches the ranges of values while samples run.
final class RangeCalibration: Observer {
  let values: Set<ValueID>
  private var fitted: [ValueID: RangeObserver]
  private var kept: [ValueID: RangeObserver]
  /// Whether the batch that runs is kept apart, for `auto` to choose with.
  var keepsApart = false

  init(_ values: Set<ValueID>) {
    self.values = values
    fitted = Dictionary(uniqueKeysWithValues: values.map { ($0, RangeObserver()) })
    kept = fitted
  }

  func observe(_ value: ValueID, _ view: TensorView) {
    guard view.elementType == .float else { return }
    if keepsApart {
      kept[value]?.observe(view.elements(Float.self))
    } else {
      fitted[value]?.observe(view.elements(Float.self))
    }
  }

  /// What was seen of each value, by name.
  func seen(in graph: Graph) -> (fitted: [String: RangeObserver], kept: [String: RangeObserver]) {
    func named(_ observers: [ValueID: RangeObserver]) -> [String: RangeObserver] {
      Dictionary(uniqueKeysWithValues: observers.map { (graph[$0].name, $1) })
    }
    return (named(fitted), named(kept))
  }
}
