package import IR

/// Numbers drawn evenly between two bounds
/// (https://onnx.ai/onnx/operators/onnx__RandomUniform.html).
package struct RandomUniform: RandomFill {
  package static let schema = Schema(
    "RandomUniform", opsets: 1...28,
    signature: """
      1: () -> T; <dtype: int = 1, high: float = 1, low: float = 0, seed: float, shape: ints!>;
        T: floats
      22: T + bfloat16
      """)
  package let settings: RandomSettings
  package let shape: [Int]?
  package let distribution: RandomDistribution

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RandomSettings(node, elementType: .float)
    shape = try node.drawnShape()
    distribution = try .uniform(node)
  }
}
