package import IR

/// The logarithm of Softmax (https://onnx.ai/onnx/operators/onnx__LogSoftmax.html).
package struct LogSoftmax: SoftmaxFamily {
  package static let schema = Schema(
    "LogSoftmax", opsets: 1...28,
    signature: """
      1: (T) -> T; <axis: int = 1>; T: floats
      13: <axis: int = -1>; T + bfloat16
      """)
  package static let isLogarithm = true
  package let axis: Int
  package let flattens: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    flattens = opset < 13
    axis = try node.int("axis", default: flattens ? 1 : -1)
  }
}

extension LogSoftmax {
  package var gradient: Gradient { alongAxis { g, y, axis in g - y.exp * g.sum([axis]) } }
}

extension LogSoftmax {
  package static let revisions: [Revision] = [
    .negativeAxes("axis"), .oneAxis,
  ]
}
