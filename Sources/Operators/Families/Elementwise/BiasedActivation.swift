package import IR
package import Kernels

/// A function of `x + bias` element by element; the bias, input 1, lies along the last axis and may
/// be left out where the schema says so.
package protocol BiasedActivation: Operator {
  var function: UnaryFunction { get }
}

extension BiasedActivation {
  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    if inputs.has(1) { try inputs.requireRank(1, 1...1) }
    if let bias = inputs.shape(1)?[0].value, let length = inputs.shape(0)?.dimensions.last?.value,
      bias != length
    {
      throw inputs.mismatch(1, expected: "shape [\(length)]", found: "\(inputs.type(1))")
    }
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let y = try context.output(0, context.input(0).elementType, x.shape)
    guard context.optional(1) != nil else {
      guard unary(function, x, into: y) else { throw context.unsupportedTypes([0]) }
      return
    }
    let bias = try context.source(1)
    guard bias.shape.count == 1, bias.shape.first == x.shape.last else {
      throw context.mismatch(
        1, expected: "shape [\(x.shape.last ?? 1)]", found: "shape \(bias.shape)")
    }
    let sum = Source(y.scalar, y.shape, UnsafeRawBufferPointer(y.bytes))
    guard binary(.add, x, bias, into: y), unary(function, sum, into: y) else {
      throw context.unsupportedTypes([0, 1])
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    let operands = inputs.has(1) ? [0, 1] : [0]
    return .elementwise(inputs: operands.map { ($0, inputs.shape($0)) }, outputs: outputs)
  }
}

extension BiasedActivation {
  /// The derivative of Gelu at the sum of operand and bias.
  func biased(tanh: Bool) -> Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0)
      let sum = call.has(1) ? (x + (try call.input(1))).typed(as: x.type) : x
      let back = g * sum.geluSlope(tanh)
      return [back, call.has(1) ? try call.summed(back, like: 1) : nil]
    }
  }
}
