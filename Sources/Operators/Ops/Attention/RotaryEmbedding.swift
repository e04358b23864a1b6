package import IR
private import Kernels

/// Turns pairs of elements of each head by angles that depend on the position
/// (https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html).
///
/// Inputs: `[batch, heads, positions, width]` or `[batch, positions, heads · width]`, cosines, sines
/// and, where these are tables, the position of each token.
package struct RotaryEmbedding: Operator {
  package static let schema = Schema(
    "RotaryEmbedding", opsets: 23...28,
    signature: """
      23: (T, T, T, M?) -> T; <interleaved: int = 0, num_heads: int,
        rotary_embedding_dim: int = 0>; T: float float16 bfloat16; M: int64
      """)
  package static let traits = Traits(auxiliaryInputs: [1, 2, 3])
  let settings: RotarySettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RotarySettings(node)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 3...4)
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    try settings.rotate(context, cosines: 1, sines: 2, positions: 3)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    settings.channels(inputs)
  }
}

extension RotaryEmbedding {
  package var gradient: Gradient { settings.gradient(1, 2, 3) }
}
