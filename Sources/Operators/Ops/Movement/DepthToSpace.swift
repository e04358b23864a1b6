package import IR
private import Kernels

/// Moves blocks of channels into blocks of pixels
/// (https://onnx.ai/onnx/operators/onnx__DepthToSpace.html).
package struct DepthToSpace: Operator {
  package static let schema = Schema(
    "DepthToSpace", opsets: 1...28,
    signature: """
      1: (T) -> T; <blocksize: int!>; T: all
      11: <blocksize: int!, mode: string = DCR>
      13: T + bfloat16
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true)
  let block: Int
  /// Whether the channels are ordered column, row, depth instead of depth, column, row.
  let depthLast: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    block = try node.int("blocksize")
    guard block > 0, block < 1 << 20 else {
      throw node.mismatch("blocksize", expected: "1 or more", found: "\(block)")
    }
    let mode = opset >= 11 ? try node.string("mode", default: "DCR") : "DCR"
    guard ["DCR", "CRD"].contains(mode) else {
      throw node.mismatch("mode", expected: "DCR or CRD", found: mode)
    }
    depthLast = mode == "DCR"
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 4...4)
    let type = inputs.type(0)
    guard var shape = type.shape else { return [Inferred(type.elementType, nil)] }
    if let depth = shape[1].value, depth % (block * block) != 0 {
      throw inputs.mismatch(
        0, expected: "channels that \(block * block) divides", found: "\(type)")
    }
    shape[1] = shape[1].floorDivided(by: .known(block * block))
    shape[2] = shape[2] * .known(block)
    shape[3] = shape[3] * .known(block)
    return [Inferred(type.elementType, shape)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let width = try context.elementWidth()
    guard x.shape.count == 4, x.shape[1] % (block * block) == 0 else {
      throw context.mismatch(
        0, expected: "rank 4 and channels that \(block * block) divides", found: "\(x.shape)")
    }
    let depth = x.shape[1] / (block * block)
    let (height, length) = (x.shape[2], x.shape[3])
    let y = try context.bytes(
      x.elementType, [x.shape[0], depth, height * block, length * block])
    let layout = strides(of: x.shape)
    let plane = layout[1]
    // Output axes: batch, depth, row, row in block, column, column in block.
    let split = [x.shape[0], depth, height, block, length, block]
    let steps =
      depthLast
      ? [layout[0], plane, layout[2], plane * depth * block, 1, plane * depth]
      : [layout[0], plane * block * block, layout[2], plane * block, 1, plane]
    guard let from = x.bytes.baseAddress, let to = y.baseAddress else { return }
    stridedCopy(
      shape: split, width: width, from: from, strides: steps, to: to, strides: strides(of: split))
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .movement(passing: [(0, 0)])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .shared(inputs: [0]) }
}

extension DepthToSpace {
  package var gradient: Gradient { .moved }
}

extension DepthToSpace {
  package static let revisions: [Revision] = [
    .additive(11)
  ]
}
