package import IR
private import Kernels

/// The weighted negative logarithm of each target's softmax, and all logarithms
/// (https://onnx.ai/onnx/operators/onnx__SoftmaxCrossEntropyLoss.html).
package struct SoftmaxCrossEntropyLoss: LikelihoodLoss {
  package static let schema = Schema(
    "SoftmaxCrossEntropyLoss", opsets: 12...28,
    signature: """
      12: (T, Tind, T?) -> (T, T?); <ignore_index: int, reduction: string = mean>; T: floats;
        Tind: int32 int64
      13: T + bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [2])
  package let reduction: LossReduction
  package let ignored: Int?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    reduction = try node.choice("reduction", default: .mean)
    ignored = node.has("ignore_index") ? try node.int("ignore_index") : nil
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [try inferLoss(inputs), Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    try context.require(x.shape.count >= 2, 0, "a batch and a class axis")
    let scores = try context.numbers(0)
    var logarithms = [Double](repeating: 0, count: scores.count)
    scores.withUnsafeBytes { from in
      logarithms.withUnsafeMutableBytes { to in
        _ = softmax(
          Source(.double, x.shape, from), outer: x.shape[0], length: x.shape[1],
          inner: x.shape.dropFirst(2).reduce(1, *), logarithm: true,
          into: Target(.double, x.shape, to))
      }
    }
    try writeLoss(context, scores: logarithms)
    if context.wants(1) { try context.write(logarithms, output: 1, x.elementType, x.shape) }
  }
}

extension SoftmaxCrossEntropyLoss {
  package var gradient: Gradient {
    .spelledOut { [self] call throws(ModelError) in
      let x = try call.input(0), rank = try call.shape(0).rank
      // Before operator set 13, all axes from the one that is named on count as one.
      let last = [0] + Array(2..<max(2, rank)) + [1]
      let back = [0, rank - 1] + Array(1..<max(1, rank - 1))
      let logarithms =
        rank == 2
        ? x.logSoftmax(1)
        : x.transposed(last).logSoftmax(rank - 1).transposed(back).typed(as: x.type)
      return [try spelledLoss(call, scores: logarithms), logarithms]
    }
  }
}
