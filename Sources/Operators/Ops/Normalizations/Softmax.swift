package import IR

/// `eˣ / Σeˣ` along an axis (https://onnx.ai/onnx/operators/onnx__Softmax.html).
package struct Softmax: SoftmaxFamily {
  package static let schema = Schema(
    "Softmax", opsets: 1...28,
    signature: """
      1: (T) -> T; <axis: int = 1>; T: floats
      13: <axis: int = -1>; T + bfloat16
      """)
  package static let isLogarithm = false
  package let axis: Int
  package let flattens: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    flattens = opset < 13
    axis = try node.int("axis", default: flattens ? 1 : -1)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    // 1 whatever the input.
    if let shape = inputs.shape(0), let place = LinearForm.place(axis, rank: shape.rank),
      flattens
        ? shape.dimensions[place...].allSatisfy({ $0 == .known(1) }) : shape[place] == .known(1)
    {
      return .bounded(inputs: [], range: 1...1)
    }
    return .bounded(inputs: [0], range: 0...1)
  }
}

extension Softmax {
  package var gradient: Gradient { alongAxis { g, y, axis in y * (g - (g * y).sum([axis])) } }
}

extension Softmax {
  package static let revisions: [Revision] = [
    .negativeAxes("axis"), .oneAxis,
  ]
}

extension Softmax {
  package func integerForm(opset: Int) -> IntegerForm? {
    IntegerForm(
      Microsoft.QLinearSoftmax.schema.op, .resultLast,
      attributes: [Attribute("axis", .int(axis)), Attribute("opset", .int(opset))])
  }
}
