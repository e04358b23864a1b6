package import IR
package import Kernels

/// `ln(1 + eˣ)` (https://onnx.ai/onnx/operators/onnx__Softplus.html).
package struct Softplus: UnaryElementwise {
  package static let schema = Schema(
    "Softplus", opsets: 1...28,
    signature: """
      1: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.softplus

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Softplus {
  package var gradient: Gradient { .elementwise { g, x, _ in g * x.sigmoid } }
}
