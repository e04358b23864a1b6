package import IR

/// The axes from `axis` on divided by the root of their mean square, then scaled
/// (https://onnx.ai/onnx/operators/onnx__RMSNormalization.html).
package struct RMSNormalization: TrailingNormalization {
  package static let schema = Schema(
    "RMSNormalization", opsets: 23...28,
    signature: """
      23: (T, V) -> V; <axis: int = -1, epsilon: float = 1e-05, stash_type: int = 1>;
        T: floats bfloat16; V: floats bfloat16
      """)
  package static let usesMean = false
  package let axis: Int
  package let epsilon: Float

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: -1)
    epsilon = try node.float("epsilon", default: 1e-5)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    if let rank = inputs.rank(0) { _ = try first(rank: rank, label: inputs.label) }
    return [Inferred(inputs.type(0))]
  }

  package func linear(_ inputs: Inputs) -> LinearForm? {
    axis == -1 && inputs.rank(1) == 1 ? .scaling(along: -1, bias: nil) : nil
  }
}

extension RMSNormalization {
  package var gradient: Gradient { trailingGradient }
}
