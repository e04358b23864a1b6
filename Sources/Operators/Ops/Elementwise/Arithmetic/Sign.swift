package import IR
package import Kernels

/// -1, 0 or 1 (https://onnx.ai/onnx/operators/onnx__Sign.html).
package struct Sign: UnaryElementwise {
  package static let schema = Schema(
    "Sign", opsets: 9...28,
    signature: """
      9: (T) -> T; T: numbers
      13: T + bfloat16
      """)
  package let function = UnaryFunction.sign

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Sign {
  package var gradient: Gradient { .zero }
}
