public import Execution
public import IR
internal import Operators
internal import Samples

/// Runs two models on the same inputs and requires equal outputs: on seeded noise, and beside it on
/// zeros, on very large numbers, on an empty batch and on a larger one, where the model takes them.
public struct Verification: Sendable {
  /// The seed of the inputs.
  public var seed: UInt64
  /// The largest difference allowed, relative to the largest magnitude of the output.
  public var tolerance: Double
  /// How the models are run.
  public var options: SessionOptions

  /// Makes a verification.
  public init(
    seed: UInt64 = 0, tolerance: Double = 1e-4, options: SessionOptions
  ) {
    self.seed = seed
    self.tolerance = tolerance
    self.options = options
    self.options.keepsConstants = false
  }

  /// What came of comparing two models.
  public enum Finding: Sendable {
    /// Outputs are equal but for this relative difference, on the first inputs.
    case equal(within: Double)
    /// The first model has an operator that Lapidary cannot run.
    case unsupported
    /// The first model takes none of the inputs that were tried: what it said of the first of them.
    case noInputs(ModelError)
  }

  /// Compares every output of the two models, in order.
  ///
  /// A model with an operator that Lapidary cannot run is not compared; the result says so.
  ///
  /// - Returns: the largest relative difference on noise, or nil when the models could not be run.
  /// - Throws: `ModelError` with code `verification` naming the output and the difference, and what the
  ///   model said where it takes none of the inputs that are tried.
  @discardableResult
  public func check(_ before: Model, _ after: Model) throws(ModelError) -> Double? {
    switch try compare(before, after) {
    case .equal(let difference): return difference
    case .unsupported: return nil
    case .noInputs(let error): throw error
    }
  }

  /// Compares every output of the two models, in order.
  ///
  /// Models that are the same computation but for nodes that hand on their input are equal without
  /// being run.
  ///
  /// - Throws: `ModelError` with code `verification` naming the output and the difference.
  public func compare(_ before: Model, _ after: Model) throws(ModelError) -> Finding {
    if SameComputation.holds(before, after) { return .equal(within: 0) }
    let sample: FittingInputs
    let found = try FittingInputs.find(
      for: before, seed: seed, options: options,
      probing: { Probe.all(for: before, shapes: $0, inputs: $1, seed: seed) })
    switch found {
    case .found(let fitting): sample = fitting
    case .unsupported: return .unsupported
    case .none(let error): return .noInputs(error)
    }
    var results = try Session(after, options: options).run(
      sideBySide: [sample.inputs] + sample.probes.map(\.probe.inputs))
    let worst = try compare(
      sample.outputs, try results.removeFirst().get(), before, after, allowing: [:])
    let magnitudes = sample.outputs.mapValues(\.largestMagnitude)
    for ((probe, first), result) in zip(sample.probes, results) {
      do {
        let found = try result.get()
        if probe.isExtreme {
          try compareFinite(first, found, before, after)
        } else {
          try compare(first, found, before, after, allowing: magnitudes)
        }
      } catch {
        throw ModelError(.verification, "on \(probe.name): \(error.message)")
      }
    }
    return .equal(within: worst)
  }

  /// Compares outputs in order.
  ///
  /// - Parameter allowing: magnitudes of outputs on other inputs, beside which a difference counts
  ///   too.
  /// - Returns: the largest relative difference.
  @discardableResult
  private func compare(
    _ first: [String: Tensor], _ second: [String: Tensor], _ before: Model, _ after: Model,
    allowing magnitudes: [String: Double]
  ) throws(ModelError) -> Double {
    var worst = 0.0
    for (a, b) in zip(before.graph.outputs, after.graph.outputs) {
      let name = before.graph[a.value].name
      guard let x = first[name], let y = second[after.graph[b.value].name] else { continue }
      if case .strings(let texts) = x.payload {
        guard case .strings(let others) = y.payload, texts == others, x.dimensions == y.dimensions
        else {
          throw ModelError(.verification, "output '\(name)': expected equal texts, found others")
        }
        continue
      }
      let found = try noting("output '\(name)'") { () throws(ModelError) in
        try Comparison(reference: x, candidate: y)
      }
      var difference = found.maxRelative
      if let usual = magnitudes[name], usual > 0, found.maxAbsolute.isFinite {
        difference = min(difference, found.maxAbsolute / usual)
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

  /// Requires finite results where there were such.
  private func compareFinite(
    _ first: [String: Tensor], _ second: [String: Tensor], _ before: Model, _ after: Model
  ) throws(ModelError) {
    for (a, b) in zip(before.graph.outputs, after.graph.outputs) {
      let name = before.graph[a.value].name
      guard let x = first[name]?.doubles, let y = second[after.graph[b.value].name]?.doubles,
        x.count == y.count
      else { continue }
      if let (old, new) = zip(x, y).first(where: { $0.isFinite && !$1.isFinite }) {
        throw ModelError(.verification, "output '\(name)': expected \(old), found \(new)")
      }
    }
  }
}

extension Tensor {
  /// The largest finite magnitude among the elements; 0 where there is none.
  fileprivate var largestMagnitude: Double {
    doubles?.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 } ?? 0
  }
}
