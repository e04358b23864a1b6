package import IR
package import Kernels

extension Microsoft {
  /// `x · sigmoid(alpha · x)`.
  package struct QuickGelu: UnaryElementwise {
    package static let schema = Schema(
      "QuickGelu", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T) -> T; <alpha: float = 1.702>; T: floats bfloat16
        """)
    package let function: UnaryFunction

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      function = .swish(try node.float("alpha", default: 1.702))
    }
  }
}

extension Microsoft.QuickGelu {
  package var gradient: Gradient {
    guard case .swish(let alpha) = function else { return .none("its function is another") }
    return .elementwise { g, x, _ in
      g * x.swishSlope(Double(alpha))
    }
  }
}
