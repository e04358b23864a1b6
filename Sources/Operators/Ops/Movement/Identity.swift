package import IR

/// The input (https://onnx.ai/onnx/operators/onnx__Identity.html).
package struct Identity: ValueOperator {
  package static let schema = Schema(
    "Identity", opsets: 1...28,
    signature: """
      1: (T) -> T; T: all
      13: T + bfloat16
      14: (V) -> V; V: all bfloat16 seq(all)
      16: V + optional(all) optional(seq(all))
      19: V + float8
      21: V + int4s
      23: V + float4e2m1
      24: V + float8e8m0
      25: V + int2s
      """)

  package static let traits = Traits(widensHalf: false)

  package var needsValues: Bool { false }

  package var conditioning: Conditioning { .relative }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(value: inputs[0]?.valueType, data: inputs.data(0))]
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool { true }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    try context.copy(as: context.input(0).shape)
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] { [try call.input(0)] }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0))], outputs: outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .shared(inputs: [0]) }
}

extension Identity {
  package var gradient: Gradient { .passing }
}
