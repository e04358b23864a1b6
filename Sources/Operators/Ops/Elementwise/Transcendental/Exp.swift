package import IR
package import Kernels

/// `eˣ` (https://onnx.ai/onnx/operators/onnx__Exp.html).
package struct Exp: UnaryElementwise {
  package static let schema = Schema(
    "Exp", opsets: 1...28,
    signature: """
      6: (T) -> T; T: floats
      13: T + bfloat16
      """)
  package let function = UnaryFunction.exp

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Exp {
  package var gradient: Gradient { .elementwiseOfResult { g, y in g * y } }
}
