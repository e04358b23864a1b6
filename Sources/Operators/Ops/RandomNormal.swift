package import IR
package import Kernels

/// Normally distributed numbers
/// (https://onnx.ai/onnx/operators/onnx__RandomNormal.html).
package struct RandomNormal: RandomFill {
  package static let schema = Schema(
    "RandomNormal", opsets: 1...26,
    signature: """
      1: () -> T; <dtype: int = 1, mean: float = 0, scale: float = 1, seed: float,
        shape: ints!>; T: floats
      22: T + bfloat16
      """)
  package let settings: RandomSettings
  package let shape: [Int]?
  private let mean: Float
  private let scale: Float

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RandomSettings(node, elementType: .float)
    shape = try node.drawnShape()
    mean = try node.float("mean", default: 0)
    scale = try node.float("scale", default: 1)
  }

  package func draw(_ generator: inout RandomGenerator) -> Double {
    Double(mean) + Double(scale) * generator.normal()
  }
}
