package import IR
package import Kernels

/// `x · sigmoid(alpha · x)` (https://onnx.ai/onnx/operators/onnx__Swish.html).
package struct Swish: UnaryElementwise {
  package static let schema = Schema(
    "Swish", opsets: 24...28,
    signature: """
      24: (T) -> T; <alpha: float = 1>; T: floats bfloat16
      """)
  package let function: UnaryFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    function = .swish(try node.float("alpha", default: 1))
  }
}

extension Swish {
  package var gradient: Gradient {
    guard case .swish(let alpha) = function else { return .none("its function is another") }
    return .elementwise { g, x, _ in
      g * x.swishSlope(Double(alpha))
    }
  }
}
