package import IR
package import Kernels

/// `x · Φ(x)`, exactly or by the tanh approximation
/// (https://onnx.ai/onnx/operators/onnx__Gelu.html).
package struct Gelu: UnaryElementwise {
  package static let schema = Schema(
    "Gelu", opsets: 20...28,
    signature: """
      20: (T) -> T; <approximate: string = none>; T: floats bfloat16
      """)
  package let function: UnaryFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    switch try node.string("approximate", default: "none") {
    case "none": function = .gelu(tanh: false)
    case "tanh": function = .gelu(tanh: true)
    case let other:
      throw node.mismatch("approximate", expected: "'none' or 'tanh'", found: "'\(other)'")
    }
  }
}

extension Gelu {
  package var gradient: Gradient {
    .elementwise { [function] g, x, _ in g * x.geluSlope(function == .gelu(tanh: true)) }
  }
}
