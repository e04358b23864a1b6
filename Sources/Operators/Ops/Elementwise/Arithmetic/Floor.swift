package import IR
package import Kernels

/// The next integer downwards (https://onnx.ai/onnx/operators/onnx__Floor.html).
package struct Floor: UnaryElementwise {
  package static let schema = Schema(
    "Floor", opsets: 1...28,
    signature: """
      6: (T) -> T; T: floats
      13: T + bfloat16
      """)
  package let function = UnaryFunction.floor

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Floor {
  package var gradient: Gradient { .zero }
}
