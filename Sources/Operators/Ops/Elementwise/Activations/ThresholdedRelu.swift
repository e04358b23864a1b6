package import IR
package import Kernels

/// x above `alpha`, else 0 (https://onnx.ai/onnx/operators/onnx__ThresholdedRelu.html).
package struct ThresholdedRelu: UnaryElementwise {
  package static let schema = Schema(
    "ThresholdedRelu", opsets: 10...28,
    signature: """
      10: (T) -> T; <alpha: float = 1>; T: floats
      22: T + bfloat16
      """)
  package let function: UnaryFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    function = .thresholdedRelu(try node.float("alpha", default: 1))
  }
}

extension ThresholdedRelu {
  package var gradient: Gradient {
    guard case .thresholdedRelu(let alpha) = function else {
      return .none("its function is another")
    }
    return .elementwise { g, x, _ in x.isAbove(Double(alpha)).select(g) }
  }
}
