package import IR
package import Kernels

/// The smallest of any number of tensors, with broadcasting (https://onnx.ai/onnx/operators/onnx__Min.html).
package struct Min: VariadicElementwise {
  package static let schema = Schema(
    "Min", opsets: 1...28,
    signature: """
      6: (T...) -> T; T: floats
      12: T + integers
      13: T + bfloat16
      """)
  package static let traits = Traits(isCommutative: true)
  package let function = BinaryFunction.minimum

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Min {
  package var gradient: Gradient { shared { $0.isAbove($1) } }
}

extension Min {
  package static let revisions: [Revision] = [
    .stretching(8)
  ]
}
