package import IR
package import Kernels

/// Logical negation (https://onnx.ai/onnx/operators/onnx__Not.html).
package struct Not: UnaryElementwise {
  package static let schema = Schema(
    "Not", opsets: 1...28,
    signature: """
      1: (T) -> T; T: bool
      """)
  package let function = UnaryFunction.not

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Not {
  package var gradient: Gradient { .zero }
}
