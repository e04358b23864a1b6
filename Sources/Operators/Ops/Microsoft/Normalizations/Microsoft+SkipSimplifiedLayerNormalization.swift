package import IR

extension Microsoft {
  /// RMSNormalization of `x + skip + bias`. Inputs: x, skip, scale, bias.
  package struct SkipSimplifiedLayerNormalization: SkipNormalization {
    package static let schema = Schema(
      "SkipSimplifiedLayerNormalization", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, T, T, T?) -> (T, U?, U?, T?); <epsilon: float = 1e-12>; T: float float16 bfloat16;
          U: float
        """)
    package static let usesMean = false
    package static let parameters: (scale: Int, shift: Int?, bias: Int) = (2, nil, 3)
    package let epsilon: Float

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      epsilon = try node.float("epsilon", default: 1e-12)
    }
  }
}

extension Microsoft.SkipSimplifiedLayerNormalization {
  package var gradient: Gradient { skipGradient }
}
