package import IR
private import Kernels

/// Moves blocks of pixels into blocks of channels
/// (https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html).
package struct SpaceToDepth: Operator {
  package static let schema = Schema(
    "SpaceToDepth", opsets: 1...28,
    signature: """
      1: (T) -> T; <blocksize: int!>; T: all
      13: T + bfloat16
      28: <blocksize: int!, mode: string = DCR>
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true)
  let block: Int
  /// Whether the channels of the output are ordered column, row, depth: blocks of one channel lie
  /// together.
  let depthFirst: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    block = try node.int("blocksize")
    guard block > 0, block < 1 << 20 else {
      throw node.mismatch("blocksize", expected: "1 or more", found: "\(block)")
    }
    let mode = opset >= 28 ? try node.string("mode", default: "DCR") : "DCR"
    guard ["DCR", "CRD"].contains(mode) else {
      throw node.mismatch("mode", expected: "DCR or CRD", found: mode)
    }
    depthFirst = mode == "CRD"
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 4...4)
    let type = inputs.type(0)
    guard var shape = type.shape else { return [Inferred(type.elementType, nil)] }
    for axis in 2...3 {
      if let length = shape[axis].value, length % block != 0 {
        throw inputs.mismatch(
          0, expected: "rows and columns that \(block) divides", found: "\(type)")
      }
      shape[axis] = shape[axis].floorDivided(by: .known(block))
    }
    shape[1] = shape[1] * .known(block * block)
    return [Inferred(type.elementType, shape)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let width = try context.elementWidth()
    guard x.shape.count == 4, x.shape[2] % block == 0, x.shape[3] % block == 0 else {
      throw context.mismatch(
        0, expected: "rank 4, rows and columns that \(block) divides", found: "\(x.shape)")
    }
    let (height, length) = (x.shape[2] / block, x.shape[3] / block)
    let y = try context.bytes(
      x.elementType, [x.shape[0], x.shape[1] * block * block, height, length])
    let layout = strides(of: x.shape)
    // Output axes: batch, row in block, column in block, depth, row, column; or depth before blocks.
    let split =
      depthFirst
      ? [x.shape[0], x.shape[1], block, block, height, length]
      : [x.shape[0], block, block, x.shape[1], height, length]
    let steps =
      depthFirst
      ? [layout[0], layout[1], layout[2], 1, layout[2] * block, block]
      : [layout[0], layout[2], 1, layout[1], layout[2] * block, block]
    guard let from = x.bytes.baseAddress, let to = y.baseAddress else { return }
    stridedCopy(
      shape: split, width: width, from: from, strides: steps, to: to, strides: strides(of: split))
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .movement(passing: [(0, 0)])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .shared(inputs: [0]) }
}

extension SpaceToDepth {
  package var gradient: Gradient { .moved }
}

extension SpaceToDepth {
  package static let revisions: [Revision] = [
    .additive(28)
  ]
}
