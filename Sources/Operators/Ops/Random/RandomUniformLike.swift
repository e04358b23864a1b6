package import IR

/// Numbers drawn evenly between two bounds, in the shape of another tensor
/// (https://onnx.ai/onnx/operators/onnx__RandomUniformLike.html).
package struct RandomUniformLike: RandomFill {
  package static let schema = Schema(
    "RandomUniformLike", opsets: 1...28,
    signature: """
      1: (T1) -> T2; <dtype: int, high: float = 1, low: float = 0, seed: float>; T1: all;
        T2: floats
      22: T1 + bfloat16; T2 + bfloat16
      """)
  package let settings: RandomSettings
  package var shape: [Int]? { nil }
  package let distribution: RandomDistribution

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RandomSettings(node)
    distribution = try .uniform(node)
  }
}
