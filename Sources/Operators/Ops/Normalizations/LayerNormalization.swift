package import IR

/// The axes from `axis` on brought to mean 0 and variance 1, then scaled and shifted
/// (https://onnx.ai/onnx/operators/onnx__LayerNormalization.html).
package struct LayerNormalization: TrailingNormalization {
  package static let schema = Schema(
    "LayerNormalization", opsets: 17...28,
    signature: """
      17: (T, T, T?) -> (T, U?, U?); <axis: int = -1, epsilon: float = 1e-05,
        stash_type: int = 1>; T: floats bfloat16; U: float bfloat16
      """)
  package static let usesMean = true
  package let axis: Int
  package let epsilon: Float
  private let outputs: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: -1)
    epsilon = try node.float("epsilon", default: 1e-5)
    outputs = node.outputs.count
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    for index in 1...2 { inputs.equateTrailing(index, 0) }
    var statistics: Shape?
    if var shape = inputs.shape(0) {
      let first = try first(rank: shape.rank, label: inputs.label)
      for axis in first..<shape.rank { shape[axis] = 1 }
      statistics = shape
    }
    let extra = Inferred(.float, statistics)
    return [Inferred(inputs.type(0))] + Array(repeating: extra, count: outputs - 1)
  }

  package func linear(_ inputs: Inputs) -> LinearForm? {
    axis == -1 && inputs.rank(1) == 1 ? .scaling(along: -1, bias: LinearForm.Bias(2)) : nil
  }
}

extension LayerNormalization {
  package var gradient: Gradient { trailingGradient }
}
