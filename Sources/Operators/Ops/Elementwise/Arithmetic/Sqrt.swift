package import IR
package import Kernels

/// The square root (https://onnx.ai/onnx/operators/onnx__Sqrt.html).
package struct Sqrt: UnaryElementwise {
  package static let schema = Schema(
    "Sqrt", opsets: 1...28,
    signature: """
      6: (T) -> T; T: floats
      13: T + bfloat16
      """)
  package let function = UnaryFunction.sqrt

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Sqrt {
  package var gradient: Gradient { .elementwiseOfResult { g, y in g * 0.5 / y } }
}
