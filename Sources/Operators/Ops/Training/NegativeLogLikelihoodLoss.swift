package import IR

/// The weighted negative score of each target's class
/// (https://onnx.ai/onnx/operators/onnx__NegativeLogLikelihoodLoss.html).
package struct NegativeLogLikelihoodLoss: LikelihoodLoss {
  package static let schema = Schema(
    "NegativeLogLikelihoodLoss", opsets: 12...28,
    signature: """
      12: (T, Tind, T?) -> T; <ignore_index: int, reduction: string = mean>; T: floats;
        Tind: int32 int64
      22: T + bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [2])
  package let reduction: LossReduction
  package let ignored: Int?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    reduction = try node.choice("reduction", default: .mean)
    ignored = node.has("ignore_index") ? try node.int("ignore_index") : nil
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [try inferLoss(inputs)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    try writeLoss(context, scores: context.numbers(0))
  }
}

extension NegativeLogLikelihoodLoss {
  package var gradient: Gradient {
    .spelledOut { [self] call throws(ModelError) in
      [try spelledLoss(call, scores: call.input(0))]
    }
  }
}
