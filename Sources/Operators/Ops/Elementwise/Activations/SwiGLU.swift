package import IR
private import Kernels

/// `swish(a) · b` with `swish(a) = a · sigmoid(alpha · a)`
/// (https://onnx.ai/onnx/operators/onnx__SwiGLU.html).
package struct SwiGLU: Operator {
  package static let schema = Schema(
    "SwiGLU", opsets: 28...28,
    signature: """
      28: (T, T) -> T; <alpha: float = 1>; T: floats bfloat16
      """)
  private let alpha: Double

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    alpha = Double(try node.float("alpha", default: 1))
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard let a = inputs.shape(0), let b = inputs.shape(1) else {
      return [Inferred(inputs.elementType(0), inputs.shape(0) ?? inputs.shape(1))]
    }
    try inputs.requireRank(1, a.rank...a.rank)
    for (one, other) in zip(a.dimensions, b.dimensions) {
      inputs.equate(one, other)
      guard let x = one.value, let y = other.value, x != y else { continue }
      throw inputs.mismatch(1, expected: "shape \(a), as A has", found: "\(b)")
    }
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    try context.require(try context.input(1).shape == shape, 1, "shape \(shape), as A has")
    _ = try context.numberCount(shape)
    let a = try context.numbers(0), b = try context.numbers(1)
    let y = zip(a, b).map { $0 * logistic(alpha * $0) * $1 }
    try context.write(y, context.input(0).elementType, shape)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0)), (1, inputs.shape(1))], outputs: outputs)
  }
}

extension SwiGLU {
  package var gradient: Gradient {
    .rule { [alpha] call throws(ModelError) in
      let g = try call.cotangent(0), a = try call.input(0), b = try call.input(1)
      let gate = a * (a * alpha).sigmoid
      return [g * b * a.swishSlope(alpha), g * gate]
    }
  }
}
