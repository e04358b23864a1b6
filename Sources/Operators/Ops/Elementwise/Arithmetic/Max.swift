package import IR
package import Kernels

/// The largest of any number of tensors, with broadcasting (https://onnx.ai/onnx/operators/onnx__Max.html).
package struct Max: VariadicElementwise {
  package static let schema = Schema(
    "Max", opsets: 1...28,
    signature: """
      6: (T...) -> T; T: floats
      12: T + integers
      13: T + bfloat16
      """)
  package static let traits = Traits(isCommutative: true)
  package let function = BinaryFunction.maximum

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Max {
  package var gradient: Gradient { shared { $0.isBelow($1) } }
}

extension Max {
  package static let revisions: [Revision] = [
    .stretching(8)
  ]
}
