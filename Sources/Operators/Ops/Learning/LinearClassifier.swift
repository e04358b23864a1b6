package import IR
import Kernels

/// Weighted sums of features, one a class, of which the largest names the class
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_LinearClassifier.html). A single sum speaks for the
/// second of two classes, as in ONNX Runtime.
package struct LinearClassifier: Classifier {
  package static let schema = Schema(
    "LinearClassifier", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1, outputs: 1...2)
  package let labels: ClassLabels
  private let model: LinearScores
  private let transform: ScoreTransform

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let sums = try node.floats("intercepts")?.count ?? 0
    labels = try ClassLabels(node, integers: "classlabels_ints", atLeast: 2)
    let targets = sums == 1 && labels.count == 2 ? 1 : labels.count
    model = try LinearScores(node, targets: targets)
    transform = try node.choice("post_transform", default: .none)
  }

  package func classify(
    _ rows: Evaluation
  ) throws(ModelError) -> [(label: Int, scores: [Double])] {
    try model.scores(rows).map { scores in
      guard scores.count == 1 else {
        return (scores.largestPlace, transform.applied(to: scores))
      }
      let score = scores[0]
      let both =
        transform == .logistic ? [logistic(-score), logistic(score)] : [1 - score, score]
      return (score > 0 ? 1 : 0, both)
    }
  }
}

extension LinearClassifier {
  package var gradient: Gradient { .none("its derivative is not written") }
}
