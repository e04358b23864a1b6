package import IR

/// Reverses the first elements of each sequence of a batch
/// (https://onnx.ai/onnx/operators/onnx__ReverseSequence.html).
package struct ReverseSequence: Operator {
  package static let schema = Schema(
    "ReverseSequence", opsets: 10...28,
    signature: """
      10: (T, int64) -> T; <batch_axis: int = 1, time_axis: int = 0>; T: all
      28: T + bfloat16
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true, auxiliaryInputs: [1])
  /// Whether the batch is axis 0 and time axis 1, or the other way around.
  private let batchFirst: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let batch = try node.int("batch_axis", default: 1)
    let time = try node.int("time_axis", default: 0)
    guard (0...1).contains(batch), (0...1).contains(time), batch != time else {
      throw node.mismatch(
        "time_axis", expected: "0 or 1, and batch_axis the other", found: "\(time) and \(batch)")
    }
    batchFirst = batch == 0
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...Int.max)
    try inputs.requireRank(1, 1...1)
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    try context.require(shape.count >= 2, 0, "at least 2 axes")
    let lengths = try context.requiredIntegers(1)
    let (batch, steps) = batchFirst ? (shape[0], shape[1]) : (shape[1], shape[0])
    try context.require(
      lengths.count == batch && lengths.allSatisfy { (0...steps).contains($0) }, 1,
      "\(batch) lengths in [0, \(steps)]")
    let run = shape.dropFirst(2).reduce(1, *)
    var offsets: [Int] = []
    offsets.reserveCapacity(batch * steps)
    for outer in 0..<shape[0] {
      for inner in 0..<shape[1] {
        let (sequence, step) = batchFirst ? (outer, inner) : (inner, outer)
        let from = step < lengths[sequence] ? lengths[sequence] - 1 - step : step
        offsets.append((batchFirst ? sequence * steps + from : from * batch + sequence) * run)
      }
    }
    try context.gather(offsets, run: run, shape: shape)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .alongside(inputs.shape(0), frozen: [0, 1], reason: "reversed by sequence")
  }
}

extension ReverseSequence {
  package var gradient: Gradient { .moved }
}
