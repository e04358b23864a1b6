package import IR
package import Kernels

/// `x + bias` below `-lambd`, `x - bias` above `lambd`, else 0
/// (https://onnx.ai/onnx/operators/onnx__Shrink.html).
package struct Shrink: UnaryElementwise {
  package static let schema = Schema(
    "Shrink", opsets: 9...28,
    signature: """
      9: (T) -> T; <bias: float = 0, lambd: float = 0.5>; T: numbers
      """)
  package let function: UnaryFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    function = .shrink(
      bias: try node.float("bias", default: 0), threshold: try node.float("lambd", default: 0.5))
  }
}

extension Shrink {
  package var gradient: Gradient {
    guard case .shrink(_, let threshold) = function else { return .none("its function is another") }
    return .elementwise { g, x, _ in x.abs.isAbove(Double(threshold)).select(g) }
  }
}
