package import IR

/// One step of the adaptive gradient method
/// (https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Adagrad.html).
package struct Adagrad: TrainingStep {
  package static let schema = Schema(
    "Adagrad", domain: "ai.onnx.preview.training", opsets: 1...1, inputs: 3...Int.max,
    outputs: 1...Int.max)
  package static let lists = 3
  private let decay: Double
  private let epsilon: Double
  private let regularization: Double

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    decay = Double(try node.float("decay_factor", default: 0))
    epsilon = Double(try node.float("epsilon", default: 1e-6))
    regularization = Double(try node.float("norm_coefficient", default: 0))
  }

  package static let traits = Traits(attributeDefaults: [
    "decay_factor": .float(0), "epsilon": .float(1e-6), "norm_coefficient": .float(0),
  ])

  package func step(rate: Double, count: Int, _ element: inout [Double]) {
    let rate = rate / (1 + Double(count) * decay)
    let gradient = regularization * element[0] + element[1]
    element[2] += gradient * gradient
    element[0] -= rate * gradient / (element[2].squareRoot() + epsilon)
  }
}
