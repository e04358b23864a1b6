package import IR

/// Normally distributed numbers
/// (https://onnx.ai/onnx/operators/onnx__RandomNormal.html).
package struct RandomNormal: RandomFill {
  package static let schema = Schema(
    "RandomNormal", opsets: 1...28,
    signature: """
      1: () -> T; <dtype: int = 1, mean: float = 0, scale: float = 1, seed: float,
        shape: ints!>; T: floats
      22: T + bfloat16
      """)
  package let settings: RandomSettings
  package let shape: [Int]?
  package let distribution: RandomDistribution

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RandomSettings(node, elementType: .float)
    shape = try node.drawnShape()
    distribution = try .normal(node)
  }
}
