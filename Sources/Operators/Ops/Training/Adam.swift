package import IR
private import Glibc

/// One step of the method of adaptive moments
/// (https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Adam.html).
package struct Adam: TrainingStep {
  package static let schema = Schema(
    "Adam", domain: "ai.onnx.preview.training", opsets: 1...1, inputs: 3...Int.max,
    outputs: 1...Int.max)
  package static let lists = 4
  private let alpha: Double
  private let beta: Double
  private let epsilon: Double
  private let regularization: Double
  private let regularizationAfter: Double

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    alpha = Double(try node.float("alpha", default: 0.9))
    beta = Double(try node.float("beta", default: 0.999))
    epsilon = Double(try node.float("epsilon", default: 1e-6))
    regularization = Double(try node.float("norm_coefficient", default: 0))
    regularizationAfter = Double(try node.float("norm_coefficient_post", default: 0))
  }

  package static let traits = Traits(attributeDefaults: [
    "alpha": .float(0.9), "beta": .float(0.999), "epsilon": .float(1e-6),
    "norm_coefficient": .float(0), "norm_coefficient_post": .float(0),
  ])

  package func step(rate: Double, count: Int, _ element: inout [Double]) {
    let gradient = regularization * element[0] + element[1]
    element[2] = alpha * element[2] + (1 - alpha) * gradient
    element[3] = beta * element[3] + (1 - beta) * gradient * gradient
    var rate = rate
    if count > 0 {
      rate *= (1 - pow(beta, Double(count))).squareRoot() / (1 - pow(alpha, Double(count)))
    }
    let next = element[0] - rate * element[2] / (element[3].squareRoot() + epsilon)
    element[0] = (1 - regularizationAfter) * next
  }
}
