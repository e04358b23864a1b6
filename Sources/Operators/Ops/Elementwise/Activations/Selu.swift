package import IR
package import Kernels

/// `gamma·(alpha·eˣ - alpha)` up to zero, else `gamma·x` (https://onnx.ai/onnx/operators/onnx__Selu.html).
package struct Selu: UnaryElementwise {
  package static let schema = Schema(
    "Selu", opsets: 1...28,
    signature: """
      6: (T) -> T; <alpha: float = 1.6732632, gamma: float = 1.050701>; T: floats
      22: T + bfloat16
      """)
  package let function: UnaryFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    function = .selu(
      alpha: try node.float("alpha", default: 1.67326319217681884765625),
      gamma: try node.float("gamma", default: 1.05070102214813232421875))
  }
}

extension Selu {
  package var gradient: Gradient {
    guard case .selu(let alpha, let gamma) = function else {
      return .none("its function is another")
    }
    return .elementwise { g, x, y in
      x.isAbove(0).select(g * Double(gamma), g * (y + Double(alpha) * Double(gamma)))
    }
  }
}
