package import IR
package import Kernels

/// The arc sine, in radians (https://onnx.ai/onnx/operators/onnx__Asin.html).
package struct Asin: UnaryElementwise {
  package static let schema = Schema(
    "Asin", opsets: 7...28,
    signature: """
      7: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.asin

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Asin {
  package var gradient: Gradient { .elementwise { g, x, _ in g / (1 - x.squared).sqrt } }
}
