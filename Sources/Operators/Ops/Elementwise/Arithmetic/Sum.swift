package import IR
package import Kernels

/// The sum of any number of tensors, with broadcasting (https://onnx.ai/onnx/operators/onnx__Sum.html).
package struct Sum: VariadicElementwise {
  package static let schema = Schema(
    "Sum", opsets: 1...28,
    signature: """
      6: (T...) -> T; T: floats
      13: T + bfloat16
      """)
  package static let traits = Traits(isCommutative: true)
  package let function = BinaryFunction.add

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Sum {
  package var gradient: Gradient { variadic { g, _, _, _ in g } }
}

extension Sum {
  package static let revisions: [Revision] = [
    .stretching(8)
  ]
}
