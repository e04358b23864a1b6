package import IR

/// Normally distributed numbers, in the shape of another tensor
/// (https://onnx.ai/onnx/operators/onnx__RandomNormalLike.html).
package struct RandomNormalLike: RandomFill {
  package static let schema = Schema(
    "RandomNormalLike", opsets: 1...28,
    signature: """
      1: (T1) -> T2; <dtype: int, mean: float = 0, scale: float = 1, seed: float>; T1: all;
        T2: floats
      22: T1 + bfloat16; T2 + bfloat16
      """)
  package let settings: RandomSettings
  package var shape: [Int]? { nil }
  package let distribution: RandomDistribution

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RandomSettings(node)
    distribution = try .normal(node)
  }
}
