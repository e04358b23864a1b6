package import IR

/// Rows joined, each input cut or filled with zeros to a length of its own
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_FeatureVectorizer.html).
package struct FeatureVectorizer: Learned {
  package static let schema = Schema(
    "FeatureVectorizer", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...Int.max)
  private let lengths: [Int]

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    lengths = try node.ints("inputdimensions") ?? []
    guard lengths.count == node.inputs.count,
      lengths.allSatisfy({ (0..<1 << 24).contains($0) }), lengths.count < 1 << 16
    else {
      throw node.mismatch(
        "inputdimensions", expected: "\(node.inputs.count) lengths", found: "\(lengths)")
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(.float, Shape([inputs.rowCount, .known(lengths.reduce(0, +))]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let (count, _, _) = try context.rows()
    let total = lengths.reduce(0, +)
    var y = [Double](repeating: 0, count: try context.numberCount([count, total]))
    var start = 0
    for (index, length) in lengths.enumerated() {
      let shape = try context.input(index).shape
      try context.require(
        (1...2).contains(shape.count) && (shape.count == 1 ? 1 : shape[0]) == count, index,
        "\(count) rows")
      let width = shape.last ?? 0
      let values = try context.numbers(index)
      for row in 0..<count {
        for place in 0..<min(length, width) {
          y[row * total + start + place] = values[row * width + place]
        }
      }
      start += length
    }
    try context.write(y, .float, [count, total])
  }
}
