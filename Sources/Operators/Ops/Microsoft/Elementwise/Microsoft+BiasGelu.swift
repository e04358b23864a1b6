package import IR
package import Kernels

extension Microsoft {
  /// `x · Φ(x)` of `x + bias`.
  package struct BiasGelu: BiasedActivation {
    package static let schema = Schema(
      "BiasGelu", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, T) -> T; T: floats bfloat16
        """)
    package let function = UnaryFunction.gelu(tanh: false)

    package init(_ node: NodeView, opset: Int) throws(ModelError) {}
  }
}

extension Microsoft.BiasGelu {
  package var gradient: Gradient { biased(tanh: false) }
}
