package import IR

/// Support vectors, each weighted by how near it lies to a row of features
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_SVMRegressor.html). As in ONNX Runtime the scores are
/// not transformed.
package struct SVMRegressor: Learned {
  package static let schema = Schema(
    "SVMRegressor", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1)
  private let kernel: SupportKernel
  /// `[vectors, features]`; empty where the coefficients are those of the features.
  private let vectors: [Double]
  private let coefficients: [Double]
  private let offset: Double
  /// Whether the result is on which side a row lies.
  private let isSide: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    coefficients = (try node.floats("coefficients") ?? []).map { Double($0) }
    vectors = (try node.floats("support_vectors") ?? []).map { Double($0) }
    kernel = try SupportKernel(node)
    offset = Double(try node.floats("rho")?.first ?? 0)
    isSide = try node.int("one_class", default: 0) != 0
    let count = try node.int("n_supports", default: 0)
    guard count == 0 ? vectors.isEmpty : count == coefficients.count,
      count <= 0 || vectors.count % count == 0
    else {
      throw node.mismatch(
        "coefficients", expected: "one for each of \(count) support vectors",
        found: "\(coefficients.count)")
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(.float, Shape([inputs.rowCount, 1]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let (count, width, values) = try context.rows()
    let features = vectors.isEmpty ? coefficients.count : vectors.count / coefficients.count
    try context.require(features == width, 0, "\(features) features a row")
    let y = (0..<count).map { row in
      let x = values[row * width..<(row + 1) * width]
      var sum = offset
      if vectors.isEmpty {
        sum += zip(x, coefficients).reduce(0) { $0 + $1.0 * $1.1 }
      } else {
        for (place, weight) in coefficients.enumerated() {
          sum += weight * kernel.value(x, vectors[place * width..<(place + 1) * width])
        }
      }
      return isSide ? (sum > 0 ? 1 : -1) : sum
    }
    try context.write(y, .float, [count, 1])
  }
}

extension SVMRegressor {
  package var gradient: Gradient { .none("its derivative is not written") }
}
