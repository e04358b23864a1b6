package import IR

/// A matrix: the axes before `axis` and those from it on, each joined
/// (https://onnx.ai/onnx/operators/onnx__Flatten.html).
package struct Flatten: Reshaping {
  package static let schema = Schema(
    "Flatten", opsets: 1...28,
    signature: """
      1: (T) -> T; <axis: int = 1>; T: floats
      9: T + integers string bool complex64 complex128
      13: T + bfloat16
      21: T + float8 int4s
      23: T + float4e2m1
      24: T + float8e8m0
      25: T + int2s
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true)
  let axis: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: 1)
  }

  private func position(rank: Int, label: String) throws(ModelError) -> Int {
    guard axis >= -rank, axis <= rank else {
      throw ModelError(
        .invalid,
        "\(label), attribute 'axis': expected a value in [-\(rank), \(rank)], found \(axis)")
    }
    return axis < 0 ? axis + rank : axis
  }

  package func shape(_ inputs: Inputs) throws(ModelError) -> Shape? {
    guard let shape = inputs.shape(0) else { return Shape([.unknown, .unknown]) }
    let axis = try position(rank: shape.rank, label: inputs.label)
    return Shape([
      Shape(Array(shape.dimensions[..<axis])).elementCount,
      Shape(Array(shape.dimensions[axis...])).elementCount,
    ])
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    let axis = try position(rank: shape.count, label: context.label)
    try context.copy(as: [
      context.elementCount(Array(shape[..<axis])), context.elementCount(Array(shape[axis...])),
    ])
  }
}

extension Flatten {
  package var gradient: Gradient { .reshaped }
}

extension Flatten {
  package static let revisions: [Revision] = [
    .negativeAxes("axis")
  ]
}
