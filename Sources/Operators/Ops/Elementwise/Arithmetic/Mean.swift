package import IR
package import Kernels

/// The average of any number of tensors, with broadcasting (https://onnx.ai/onnx/operators/onnx__Mean.html).
package struct Mean: VariadicElementwise {
  package static let schema = Schema(
    "Mean", opsets: 1...28,
    signature: """
      6: (T...) -> T; T: floats
      13: T + bfloat16
      """)
  package static let traits = Traits(isCommutative: true)
  package let function = BinaryFunction.add
  package var divides: Bool { true }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Mean {
  package var gradient: Gradient { variadic { g, _, _, count in g / Double(count) } }
}

extension Mean {
  package static let revisions: [Revision] = [
    .stretching(8)
  ]
}
