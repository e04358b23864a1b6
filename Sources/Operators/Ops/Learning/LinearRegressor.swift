package import IR

/// Weighted sums of features, one a target
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_LinearRegressor.html).
package struct LinearRegressor: Learned {
  package static let schema = Schema(
    "LinearRegressor", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1)
  private let model: LinearScores
  private let transform: ScoreTransform

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    model = try LinearScores(node, targets: try node.int("targets", default: 1))
    transform = try node.choice("post_transform", default: .none)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(.float, Shape([inputs.rowCount, .known(model.targets)]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let scores = try model.scores(context)
    let y = scores.flatMap { transform.applied(to: $0) }
    try context.write(y, .float, [scores.count, model.targets])
  }
}

/// Weighted sums of the features of each row.
struct LinearScores: Sendable {
  let targets: Int
  /// `[targets, features]`.
  private let coefficients: [Double]
  private let intercepts: [Double]

  init(_ node: NodeView, targets: Int) throws(ModelError) {
    coefficients = (try node.floats("coefficients") ?? []).map { Double($0) }
    let given = (try node.floats("intercepts") ?? []).map { Double($0) }
    guard targets > 0, targets <= 1 << 20, coefficients.count % targets == 0,
      given.isEmpty || given.count == targets
    else {
      throw node.mismatch(
        "coefficients", expected: "a row for each of \(targets) targets and an intercept",
        found: "\(coefficients.count) coefficients and \(given.count) intercepts")
    }
    self.targets = targets
    intercepts = given.isEmpty ? [Double](repeating: 0, count: targets) : given
  }

  /// A list of scores for each row of input 0.
  func scores(_ context: Evaluation) throws(ModelError) -> [[Double]] {
    let (count, width, values) = try context.rows()
    try context.require(
      coefficients.count == targets * width, 0, "\(coefficients.count / targets) features a row")
    return (0..<count).map { row in
      (0..<targets).map { target in
        var sum = intercepts[target]
        for feature in 0..<width {
          sum += values[row * width + feature] * coefficients[target * width + feature]
        }
        return sum
      }
    }
  }
}
