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
  package let function: UnaryFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    function = .leakyRelu(try node.float("alpha", default: 0.01))
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .free(inputs: [0]) }
}
