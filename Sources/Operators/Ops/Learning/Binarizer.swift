package import IR

/// 1 above a threshold, else 0 (https://onnx.ai/onnx/operators/onnx_aionnxml_Binarizer.html).
package struct Binarizer: Learned {
  package static let schema = Schema(
    "Binarizer", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1)
  private let threshold: Double

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    threshold = Double(try node.float("threshold", default: 0))
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let y = try context.numbers(0).map { $0 > threshold ? 1.0 : 0.0 }
    try context.write(y, x.elementType, x.shape)
  }
}
