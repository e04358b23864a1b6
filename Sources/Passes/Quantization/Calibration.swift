private import Foundation
internal import Execution
public import IR
internal import Operators

/// The ranges that a model's values took on calibration data, by name: small, and independent of
/// the number of samples.
public struct CalibrationStatistics: Codable, Hashable, Sendable {
  /// The version of the format.
  public var schema = 1
  /// The hash of the model that was run.
  public var model: String
  /// The number of samples.
  public var samples: Int
  /// The least and the greatest value of each tensor, after the method's cut.
  public var ranges: [String: [Float]]

  /// The statistics as JSON with sorted keys and a final newline.
  public func json() throws(ModelError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    do { return [UInt8](try encoder.encode(self)) + [10] } catch {
      throw ModelError(.invalid, "statistics: \(error)")
    }
  }

  /// Reads statistics.
  ///
  /// - Throws: `ModelError` when the bytes are no statistics of a known version.
  public init(json: [UInt8]) throws(ModelError) {
    do { self = try JSONDecoder().decode(Self.self, from: Data(json)) } catch {
      throw ModelError(
        .malformed, "statistics: expected calibration statistics in JSON, found other content")
    }
    guard schema == 1 else {
      throw ModelError(.unsupported, "statistics: expected schema 1, found \(schema)")
    }
  }

  init(model: String, samples: Int, ranges: [String: [Float]]) {
    self.model = model
    self.samples = samples
    self.ranges = ranges
  }
}

/// Runs a model on samples and keeps the ranges of some of its values.
struct Calibration {
  let session: Session
  let graph: Graph
  private let values: Set<ValueID>
  private var observers: [ValueID: RangeObserver]
  private(set) var samples = 0

  init(
    _ model: Model, values: Set<ValueID>, histogram: Bool, options: SessionOptions
  ) throws(ModelError) {
    session = try Session(model, options: options)
    graph = model.graph
    self.values = values
    observers = Dictionary(
      uniqueKeysWithValues: values.map { ($0, RangeObserver(histogram: histogram)) })
  }

  /// Takes in one batch.
  mutating func add(_ inputs: [String: Tensor], samples count: Int) throws(ModelError) {
    var observers = self.observers
    self.observers = [:]
    _ = try session.run(inputs, observing: values) { value, view throws(ModelError) in
      guard view.elementType == .float else { return }
      observers[value]?.observe(view.elements(Float.self))
    }
    self.observers = observers
    samples += count
  }

  /// The range of each value by the method; values that never were finite have none.
  func ranges(_ method: QuantizationOptions.Method) -> [String: [Float]] {
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
