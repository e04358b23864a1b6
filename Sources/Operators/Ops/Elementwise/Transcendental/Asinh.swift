package import IR
package import Kernels

/// The inverse hyperbolic sine (https://onnx.ai/onnx/operators/onnx__Asinh.html).
package struct Asinh: UnaryElementwise {
  package static let schema = Schema(
    "Asinh", opsets: 9...28,
    signature: """
      9: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.asinh

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Asinh {
  package var gradient: Gradient { .elementwise { g, x, _ in g / (x.squared + 1).sqrt } }
}
