public import Execution
public import IR
internal import Operators
public import Samples

extension Quantizer {
  /// A plan with what calibration data made of biases, and the integers of weights that were chosen
  /// together.
  public struct Fitted: Sendable {
    /// The plan; biases that were corrected stand in it.
    public var plan: QuantizationPlan
    let weights: [NodeID: QuantizedWeight]
  }

  /// Whether weights or biases are fitted to data.
  public var fitsWeights: Bool { options.rounding != .nearest || options.correctsBias }

  /// Fits weights and biases to samples.
  ///
  /// - Parameter progress: called after each batch.
  public func fit(
    _ plan: QuantizationPlan, on samples: SampleRun, options session: SessionOptions,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> Fitted {
    guard fitsWeights else { return Fitted(plan: plan, weights: [:]) }
    let resolved = try ResolvedPlan(plan, in: model.graph)
    let found = try Reconstruction(
      facts, computable, resolved, options, on: samples, session, progress: progress)
    var fitted = plan
    for (id, biases) in found.biases {
      guard let output = facts.graph[id].outputs.first ?? nil,
        let index = fitted.nodes.firstIndex(where: { $0.output == facts.graph[output].name }),
        let slot = facts.op(id)?.linear(facts.inputs(id))?.bias?.slot
      else { continue }
      fitted.nodes[index].biases = biases
      fitted.nodes[index].bias = slot
    }
    return Fitted(plan: fitted, weights: found.weights)
  }

  /// Quantizes as fitted.
  public func quantize(_ fitted: Fitted) throws(ModelError) -> Result {
    try write(fitted.plan, rounded: fitted.weights)
  }
}
