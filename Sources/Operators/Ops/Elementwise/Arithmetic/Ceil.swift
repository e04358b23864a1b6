package import IR
package import Kernels

/// The next integer upwards (https://onnx.ai/onnx/operators/onnx__Ceil.html).
package struct Ceil: UnaryElementwise {
  package static let schema = Schema(
    "Ceil", opsets: 1...28,
    signature: """
      6: (T) -> T; T: floats
      13: T + bfloat16
      """)
  package let function = UnaryFunction.ceil

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Ceil {
  package var gradient: Gradient { .zero }
}
