package import IR
package import Kernels

/// `alpha·x` below zero, else x (https://onnx.ai/onnx/operators/onnx__LeakyRelu.html).
package struct LeakyRelu: UnaryElementwise {
  package static let schema = Schema(
    "LeakyRelu", opsets: 1...28,
    signature: """
      6: (T) -> T; <alpha: float = 0.01>; T: floats
      16: T + bfloat16
      """)
  package static let traits = Traits(isHomogeneous: true)
  package let function: UnaryFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    function = .leakyRelu(try node.float("alpha", default: 0.01))
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .free(inputs: [0]) }
}

extension LeakyRelu {
  package var gradient: Gradient {
    guard case .leakyRelu(let alpha) = function else { return .none("its function is another") }
    return alpha > 0
      ? .elementwiseOfResult { g, y in y.isBelow(0).select(g * Double(alpha), g) }
      : .elementwise { g, x, _ in x.isBelow(0).select(g * Double(alpha), g) }
  }
}

extension LeakyRelu {
  package func integerForm(opset: Int) -> IntegerForm? {
    IntegerForm(Microsoft.QLinearLeakyRelu.schema.op, .resultLast)
  }
}
