package import IR
import Kernels

/// Decision trees that vote for classes, their nodes in lists of attributes
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleClassifier.html). Where all trees vote
/// for one of two classes their sum speaks for the second, as in ONNX Runtime: beyond a half where no
/// vote is negative, beyond 0 else.
package struct TreeEnsembleClassifier: Classifier {
  package static let schema = Schema(
    "TreeEnsembleClassifier", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1, outputs: 1...2)
  package let labels: ClassLabels
  private let trees: TreeScores
  private let transform: ScoreTransform

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    labels = try ClassLabels(node, integers: "classlabels_int64s", atLeast: 2)
    trees = try TreeScores(listed: node, votes: "class", targets: labels.count)
    transform = try node.choice("post_transform", default: .none)
  }

  package func classify(
    _ rows: Evaluation
  ) throws(ModelError) -> [(label: Int, scores: [Double])] {
    try trees.scores(rows).map { labels.count == 2 ? ofTwo($0[0], $0[1]) : ofMany($0) }
  }

  private func ofMany(_ scores: [Double?]) -> (label: Int, scores: [Double]) {
    // A class that nothing voted for does not win over negative votes.
    let label = scores.map { $0 ?? -.infinity }.largestPlace
    return (label, transform.applied(to: scores.map { $0 ?? 0 }))
  }

  private func ofTwo(_ first: Double?, _ second: Double?) -> (label: Int, scores: [Double]) {
    let isSingle = trees.voted.count == 1
    let score = second ?? first ?? 0
    let label = score > (isSingle && trees.isPositive ? 0.5 : 0) ? 1 : 0
    guard second == nil else {
      return (label, transform.applied(to: [first ?? 0, score]))
    }
    switch transform {
    case .logistic: return (label, [logistic(-score), logistic(score)])
    case .probit: return (label, transform.applied(to: [1 - score, score]))
    case .none, .softmax, .softmaxOfOthers:
      return (label, [isSingle && trees.isPositive ? 1 - score : -score, score])
    }
  }
}

extension TreeEnsembleClassifier {
  package var gradient: Gradient { .none("it is a step function") }
}
