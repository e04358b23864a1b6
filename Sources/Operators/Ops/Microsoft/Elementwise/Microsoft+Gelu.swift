package import IR
package import Kernels

extension Microsoft {
  /// `x · Φ(x)`.
  package struct Gelu: UnaryElementwise {
    package static let schema = Schema(
      "Gelu", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T) -> T; T: floats bfloat16
        """)
    package let function = UnaryFunction.gelu(tanh: false)

    package init(_ node: NodeView, opset: Int) throws(ModelError) {}
  }
}

extension Microsoft.Gelu {
  package var gradient: Gradient { .elementwise { g, x, _ in g * x.geluSlope(false) } }
}
