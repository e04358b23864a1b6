package import IR

/// `(x - offset) · scale`, both one for all features or one each
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_Scaler.html).
package struct Scaler: Learned {
  package static let schema = Schema(
    "Scaler", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1)
  private let offset: [Double]
  private let scale: [Double]

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    offset = (try node.floats("offset") ?? [0]).map { Double($0) }
    scale = (try node.floats("scale") ?? [1]).map { Double($0) }
    guard offset.count == scale.count, !offset.isEmpty else {
      throw node.mismatch(
        "scale", expected: "as many numbers as offsets, \(offset.count)", found: "\(scale.count)")
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(.float, inputs.shape(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let (_, width, values) = try context.rows()
    try context.require(
      scale.count == 1 || scale.count == width, 0, "\(scale.count) features a row")
    let y = values.enumerated().map { place, value in
      let feature = scale.count == 1 ? 0 : place % width
      return (value - offset[feature]) * scale[feature]
    }
    try context.write(y, .float, try context.input(0).shape)
  }
}
