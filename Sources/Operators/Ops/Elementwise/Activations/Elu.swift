package import IR
package import Kernels

/// `alpha·(eˣ - 1)` below zero, else x (https://onnx.ai/onnx/operators/onnx__Elu.html).
package struct Elu: UnaryElementwise {
  package static let schema = Schema(
    "Elu", opsets: 1...28,
    signature: """
      6: (T) -> T; <alpha: float = 1>; T: floats
      22: T + bfloat16
      """)
  package let function: UnaryFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    function = .elu(try node.float("alpha", default: 1))
  }
}

extension Elu {
  package var gradient: Gradient {
    guard case .elu(let alpha) = function else { return .none("its function is another") }
    return .elementwise { g, x, y in x.isBelow(0).select(g * (y + Double(alpha)), g) }
  }
}
