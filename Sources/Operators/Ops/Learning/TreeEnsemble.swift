package import IR

/// Decision trees whose leaves vote for targets, questions and leaves in tensors of attributes
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html).
package struct TreeEnsemble: Learned {
  package static let schema = Schema(
    "TreeEnsemble", domain: "ai.onnx.ml", opsets: 5...5, inputs: 1...1)
  private let trees: TreeScores
  private let transform: ScoreTransform

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    trees = try TreeScores(tensors: node)
    let codes: [ScoreTransform] = [.none, .softmax, .logistic, .softmaxOfOthers, .probit]
    let code = try node.int("post_transform", default: 0)
    guard let transform = codes[safe: code] else {
      throw node.mismatch("post_transform", expected: "0 to 4", found: "\(code)")
    }
    self.transform = transform
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(0), Shape([inputs.rowCount, .known(trees.targets)]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let scores = try trees.scores(context)
    let y = scores.flatMap { transform.applied(to: $0.map { $0 ?? 0 }) }
    try context.write(y, try context.input(0).elementType, [scores.count, trees.targets])
  }
}
