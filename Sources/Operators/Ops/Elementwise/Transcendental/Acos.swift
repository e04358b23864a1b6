package import IR
package import Kernels

/// The arc cosine, in radians (https://onnx.ai/onnx/operators/onnx__Acos.html).
package struct Acos: UnaryElementwise {
  package static let schema = Schema(
    "Acos", opsets: 7...28,
    signature: """
      7: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.acos

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Acos {
  package var gradient: Gradient { .elementwise { g, x, _ in -(g / (1 - x.squared).sqrt) } }
}
