package import IR
package import Kernels

/// Sums or products that run along an axis, which input 1 names.
package protocol RunningOperator: Operator {
  var function: RunningFunction { get }
  /// Whether an element is left out of its own result.
  var exclusive: Bool { get }
  /// Whether results run from the end.
  var reverse: Bool { get }
}

extension RunningOperator {
  package static var traits: Traits { Traits(auxiliaryInputs: [1], keepsFloat: true) }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    if let axes = inputs.knownIntegers(1), let rank = inputs.rank(0) {
      _ = try normalizedAxes(axes, rank: rank, label: inputs.label)
    }
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let axes = try context.requiredIntegers(1)
    guard axes.count == 1 else {
      throw context.mismatch(1, expected: "one axis", found: "\(axes)")
    }
    let axis = try normalizedAxes(axes, rank: x.shape.count, label: context.label)[0]
    let y = try context.output(0, context.input(0).elementType, x.shape)
    let span = AxisSpan(x.shape, axis: axis)
    running(
      function, x, outer: span.outer, length: span.length, inner: span.inner, exclusive: exclusive,
      reverse: reverse, into: y)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let axis = inputs.knownIntegers(1)?.first, let axis = try? inputs.axis(axis, of: 0) else {
      return .barrier("axis is not constant")
    }
    return .alongside(inputs.shape(0), frozen: [axis], reason: "results run along it")
  }
}
