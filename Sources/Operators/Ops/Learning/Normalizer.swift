package import IR

/// Rows over their maximum, or over the sum of magnitudes or the length, whichever
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_Normalizer.html). The maximum has its sign, as in
/// ONNX Runtime.
package struct Normalizer: Learned {
  package static let schema = Schema(
    "Normalizer", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1)
  private let norm: Norm

  private enum Norm: String, CaseIterable {
    case maximum = "MAX"
    case magnitudes = "L1"
    case length = "L2"

    func of(_ row: ArraySlice<Double>) -> Double {
      switch self {
      case .maximum: row.max() ?? 0
      case .magnitudes: row.reduce(0) { $0 + abs($1) }
      case .length: row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      }
    }
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    norm = try node.choice("norm", default: .maximum)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(.float, inputs.shape(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let (count, width, values) = try context.rows()
    var y = values
    for row in 0..<count {
      let range = row * width..<(row + 1) * width
      let divisor = norm.of(values[range])
      if divisor != 0 { for place in range { y[place] /= divisor } }
    }
    try context.write(y, .float, try context.input(0).shape)
  }
}
