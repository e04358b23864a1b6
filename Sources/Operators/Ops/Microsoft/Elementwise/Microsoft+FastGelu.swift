package import IR
package import Kernels

extension Microsoft {
  /// `x · Φ(x)` of `x + bias` by the tanh approximation.
  package struct FastGelu: BiasedActivation {
    package static let schema = Schema(
      "FastGelu", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, T?) -> T; T: floats bfloat16
        """)
    package let function = UnaryFunction.gelu(tanh: true)

    package init(_ node: NodeView, opset: Int) throws(ModelError) {}
  }
}

extension Microsoft.FastGelu {
  package var gradient: Gradient { biased(tanh: true) }
}
