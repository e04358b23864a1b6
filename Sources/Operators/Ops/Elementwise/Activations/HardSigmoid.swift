package import IR
package import Kernels

/// `max(0, min(1, alpha·x + beta))` (https://onnx.ai/onnx/operators/onnx__HardSigmoid.html).
package struct HardSigmoid: UnaryElementwise {
  package static let schema = Schema(
    "HardSigmoid", opsets: 1...28,
    signature: """
      6: (T) -> T; <alpha: float = 0.2, beta: float = 0.5>; T: floats
      22: T + bfloat16
      """)
  package let function: UnaryFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    function = .hardSigmoid(
      alpha: try node.float("alpha", default: 0.2), beta: try node.float("beta", default: 0.5))
  }
}

extension HardSigmoid {
  package var gradient: Gradient {
    guard case .hardSigmoid(let alpha, _) = function else {
      return .none("its function is another")
    }
    return .elementwiseOfResult { g, y in
      y.isAbove(0).and(y.isBelow(1)).select(g * Double(alpha))
    }
  }
}
