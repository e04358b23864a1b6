package import IR
package import Kernels

/// `alpha·(e^(x/alpha) - 1)` below zero, else x (https://onnx.ai/onnx/operators/onnx__Celu.html).
package struct Celu: UnaryElementwise {
  package static let schema = Schema(
    "Celu", opsets: 12...28,
    signature: """
      12: (T) -> T; <alpha: float = 1>; T: float
      28: T + float16 double bfloat16
      """)
  package let function: UnaryFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    function = .celu(try node.float("alpha", default: 1))
  }
}

extension Celu {
  package var gradient: Gradient {
    guard case .celu(let alpha) = function else { return .none("its function is another") }
    return .elementwise { g, x, y in x.isBelow(0).select(g * (y / Double(alpha) + 1), g) }
  }
}
