public import Execution
public import IR
internal import Operators
internal import Samples

/// Runs two models on the same seeded inputs and requires equal outputs.
public struct Verification: Sendable {
  /// The seed of the inputs.
  public var seed: UInt64
  /// The largest difference allowed, relative to the largest magnitude of the output.
  public var tolerance: Double
  /// How the models are run.
  public var options: SessionOptions

  /// Makes a verification.
  public init(
    seed: UInt64 = 0, tolerance: Double = 1e-4, options: SessionOptions = SessionOptions()
  ) {
    self.seed = seed
    self.tolerance = tolerance
    self.options = options
    self.options.keepsConstants = false
  }

  /// Compares every output of the two models, in order.
  ///
  /// Models that are the same computation but for nodes that hand on their input are equal without
  /// being run. A model with an operator that Lapidary cannot run is not compared; the result says so.
  ///
  /// - Returns: the largest relative difference, or nil when the models could not be run.
  /// - Throws: `ModelError` with code `verification` naming the output and the difference.
  @discardableResult
  public func check(_ before: Model, _ after: Model) throws(ModelError) -> Double? {
    if SameComputation.holds(before, after) { return 0 }
    guard let (inputs, first) = try sample(before) else { return nil }
    let second = try Session(after, options: options).run(inputs)
    var worst = 0.0
    for (a, b) in zip(before.graph.outputs, after.graph.outputs) {
      let name = before.graph[a.value].name
      guard let x = first[name], let y = second[after.graph[b.value].name] else { continue }
      let difference = try noting("output '\(name)'") { () throws(ModelError) in
        try Comparison(reference: x, candidate: y).maxRelative
      }
      guard difference <= tolerance else {
        throw ModelError(
          .verification,
          "output '\(name)': expected equal results within \(tolerance), found a relative difference of \(difference)"
        )
      }
      worst = max(worst, difference)
    }
    return worst
  }

  /// Seeded inputs and the model's outputs for them; nil for a model that Lapidary cannot run.
  private func sample(
    _ model: Model
  ) throws(ModelError) -> (inputs: [String: Tensor], outputs: [String: Tensor])? {
    var failure: ModelError?
    do {
      let session = try Session(model, options: options)
      for shapes in try SampleShapes(for: model) {
        let inputs = try SeededInputs.make(for: model.graph, shapes: shapes, seed: seed)
        do { return (inputs, try session.run(inputs)) } catch {
          if error.code == .unsupported { return nil }
          failure = failure ?? error
        }
      }
    } catch {
      guard error.code == .unsupported else { throw error }
      return nil
    }
    throw failure!
  }
}
