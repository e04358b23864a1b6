package import IR
private import Kernels

/// The determinants of square matrices (https://onnx.ai/onnx/operators/onnx__Det.html).
package struct Det: Operator {
  package static let schema = Schema(
    "Det", opsets: 11...28,
    signature: """
      11: (T) -> T; T: floats
      22: T + bfloat16
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...Int.max)
    guard let shape = inputs.shape(0) else { return [Inferred(inputs.elementType(0), nil)] }
    let last = shape.dimensions.suffix(2).compactMap(\.value)
    if last.count == 2, last[0] != last[1] {
      throw inputs.mismatch(0, expected: "square matrices", found: "\(shape)")
    }
    return [Inferred(inputs.elementType(0), Shape(Array(shape.dimensions.dropLast(2))))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let square = x.shape.count >= 2 && x.shape[x.shape.count - 1] == x.shape[x.shape.count - 2]
    try context.require(square, 0, "square matrices")
    let n = x.shape[x.shape.count - 1]
    let values = try context.numbers(0)
    let shape = Array(x.shape.dropLast(2))
    let results = (0..<shape.reduce(1, *)).map {
      determinant(values[$0 * n * n..<($0 + 1) * n * n], rows: n)
    }
    try context.write(results, x.elementType, shape)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let rank = inputs.rank(0), rank >= 2 else {
      return .barrier("shape of input 0 is not known")
    }
    return .alongside(inputs.shape(0), frozen: [rank - 2, rank - 1], reason: "a determinant of it")
  }
}

extension Det {
  package var gradient: Gradient { .none("its derivative is not written") }
}
