package import IR

/// Decision trees that vote for targets, their nodes in lists of attributes
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html).
package struct TreeEnsembleRegressor: Learned {
  package static let schema = Schema(
    "TreeEnsembleRegressor", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1)
  private let trees: TreeScores
  private let transform: ScoreTransform

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    trees = try TreeScores(
      listed: node, votes: "target", targets: try node.int("n_targets", default: 1))
    transform = try node.choice("post_transform", default: .none)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(.float, Shape([inputs.rowCount, .known(trees.targets)]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let scores = try trees.scores(context)
    let y = scores.flatMap { transform.applied(to: $0.map { $0 ?? 0 }) }
    try context.write(y, .float, [scores.count, trees.targets])
  }
}
