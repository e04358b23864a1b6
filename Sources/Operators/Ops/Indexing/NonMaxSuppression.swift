package import IR
private import Kernels

/// Of overlapping boxes those with the best scores, class by class
/// (https://onnx.ai/onnx/operators/onnx__NonMaxSuppression.html).
package struct NonMaxSuppression: Operator {
  package static let schema = Schema(
    "NonMaxSuppression", opsets: 10...28,
    signature: """
      10: (float, float, int64?, float?, float?) -> int64; <center_point_box: int = 0>
      """)
  package static let traits = Traits(auxiliaryInputs: [2, 3, 4], keepsFloat: true)
  /// Whether boxes are centre and size rather than two corners.
  private let centered: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    centered = try node.flag("center_point_box")
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 3...3)
    try inputs.requireRank(1, 3...3)
    return [Inferred(.int64, Shape([.unknown, 3]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let boxes = try context.input(0).shape, scores = try context.input(1).shape
    try context.require(boxes.count == 3 && boxes[2] == 4, 0, "boxes [batch,boxes,4]")
    try context.require(
      scores.count == 3 && scores[0] == boxes[0] && scores[2] == boxes[1], 1,
      "scores [\(boxes[0]),classes,\(boxes[1])]")
    let suppression = Suppression(
      boxes: Suppression.boxes(try context.numbers(0), centered: centered),
      limit: max(0, try context.integer(2) ?? 0), overlap: try context.number(3) ?? 0,
      threshold: try context.number(4))
    let all = try context.numbers(1)
    var found: [Int] = []
    for batch in 0..<boxes[0] {
      for label in 0..<scores[1] {
        let start = (batch * scores[1] + label) * scores[2]
        let kept = suppression.select(
          Array(all[start..<start + scores[2]]), first: batch * boxes[1])
        for box in kept { found += [batch, label, box] }
      }
    }
    let y = try context.output(0, .int64, [found.count / 3, 3]).elements(Int64.self)
    for (place, value) in found.enumerated() { y[place] = Int64(value) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("boxes and classes are numbered")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "its result is an index")
  }
}

extension NonMaxSuppression {
  package var gradient: Gradient { .zero }
}
