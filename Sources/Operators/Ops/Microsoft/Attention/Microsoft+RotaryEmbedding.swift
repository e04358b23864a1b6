package import IR

extension Microsoft {
  /// Turns pairs of elements of each head by angles that depend on the position. Inputs: x, the
  /// positions of all tokens or of each sample's first, cosines, sines.
  package struct RotaryEmbedding: Operator {
    package static let schema = Schema(
      "RotaryEmbedding", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, M, T, T) -> T; <interleaved: int, is_packed_batching: int, num_heads: int,
          rotary_embedding_dim: int, scale: float>; T: float float16 bfloat16; M: int64
        """)
    package static let traits = Traits(
      auxiliaryInputs: [1, 2, 3],
      attributeDefaults: [
        "interleaved": .int(0), "rotary_embedding_dim": .int(0), "num_heads": .int(0),
        "is_packed_batching": .int(0), "scale": .float(1),
      ])
    let settings: RotarySettings

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      settings = try RotarySettings(node)
      guard try !node.flag("is_packed_batching") else {
        throw ModelError(
          .unsupported, "\(node.label), attribute 'is_packed_batching': expected 0, found 1")
      }
      let scale = try node.float("scale", default: 1)
      guard scale == 1 else {
        throw ModelError(
          .unsupported, "\(node.label), attribute 'scale': expected 1, found \(scale)")
      }
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      try inputs.requireRank(0, 3...4)
      return [Inferred(inputs.type(0))]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      try settings.rotate(context, cosines: 2, sines: 3, positions: 1)
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      settings.channels(inputs)
    }
  }
}

extension Microsoft.RotaryEmbedding {
  package var gradient: Gradient { settings.gradient(2, 3, 1) }
}
