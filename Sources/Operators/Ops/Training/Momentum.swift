package import IR

/// One step of gradient descent with momentum, standard or Nesterov's
/// (https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Momentum.html).
package struct Momentum: TrainingStep {
  package static let schema = Schema(
    "Momentum", domain: "ai.onnx.preview.training", opsets: 1...1, inputs: 3...Int.max,
    outputs: 1...Int.max)
  package static let lists = 3
  private let alpha: Double
  private let beta: Double
  private let regularization: Double
  private let mode: Mode

  private enum Mode: String, CaseIterable { case standard, nesterov }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    alpha = Double(try node.float("alpha"))
    beta = Double(try node.float("beta"))
    regularization = Double(try node.float("norm_coefficient"))
    _ = try node.string("mode")
    mode = try node.choice("mode", default: .standard)
  }

  package func step(rate: Double, count: Int, _ element: inout [Double]) {
    let gradient = regularization * element[0] + element[1]
    element[2] = alpha * element[2] + (count > 0 ? beta : 1) * gradient
    let direction = mode == .standard ? element[2] : gradient + alpha * element[2]
    element[0] -= rate * direction
  }
}
