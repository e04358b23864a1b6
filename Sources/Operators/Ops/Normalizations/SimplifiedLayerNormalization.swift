package import IR

/// RMSNormalization under the name that ONNX Runtime gave it before ONNX had it; it stands in the
/// default domain (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md).
/// Output 1 is the inverse of the root.
package struct SimplifiedLayerNormalization: TrailingNormalization {
  package static let schema = Schema(
    "SimplifiedLayerNormalization", opsets: 1...28,
    signature: """
      1: (T, V) -> (V, U?); <axis: int = -1, epsilon: float = 1e-05, stash_type: int = 1>;
        T: floats bfloat16; U: float double; V: floats bfloat16
      """)
  package static let usesMean = false
  package static let statistics: (mean: Int?, inverse: Int) = (nil, 1)
  package let axis: Int
  package let epsilon: Float

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: -1)
    epsilon = try node.float("epsilon", default: 1e-5)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard var shape = inputs.shape(0) else {
      return [Inferred(inputs.type(0)), Inferred(.float, nil)]
    }
    let axis = try first(rank: shape.rank, label: inputs.label)
    for other in axis..<shape.rank { shape[other] = 1 }
    return [Inferred(inputs.type(0)), Inferred(.float, shape)]
  }
}

extension SimplifiedLayerNormalization {
  package var gradient: Gradient { trailingGradient }
}
