package import IR
package import Kernels

/// The absolute value (https://onnx.ai/onnx/operators/onnx__Abs.html).
package struct Abs: UnaryElementwise {
  package static let schema = Schema(
    "Abs", opsets: 1...28,
    signature: """
      6: (T) -> T; T: numbers
      13: T + bfloat16
      """)
  package let function = UnaryFunction.abs

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Abs {
  package var gradient: Gradient { .elementwise { g, x, _ in g * x.sign } }
}
