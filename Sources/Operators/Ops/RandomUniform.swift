package import IR
package import Kernels

/// Numbers drawn evenly between two bounds
/// (https://onnx.ai/onnx/operators/onnx__RandomUniform.html).
package struct RandomUniform: RandomFill {
  package static let schema = Schema(
    "RandomUniform", opsets: 1...26,
    signature: """
      1: () -> T; <dtype: int = 1, high: float = 1, low: float = 0, seed: float, shape: ints!>;
        T: floats
      22: T + bfloat16
      """)
  package let settings: RandomSettings
  package let shape: [Int]?
  private let low: Float
  private let high: Float

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RandomSettings(node, elementType: .float)
    shape = try node.drawnShape()
    low = try node.float("low", default: 0)
    high = try node.float("high", default: 1)
  }

  package func draw(_ generator: inout RandomGenerator) -> Double {
    Double(low) + Double(high - low) * generator.uniform()
  }
}
