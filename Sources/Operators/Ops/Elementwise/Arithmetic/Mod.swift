package import IR
package import Kernels

/// The remainder of a division: with the sign of the divisor, or of the dividend where `fmod` is set
/// (https://onnx.ai/onnx/operators/onnx__Mod.html).
package struct Mod: BroadcastBinary {
  package static let schema = Schema(
    "Mod", opsets: 10...28,
    signature: """
      10: (T, T) -> T; <fmod: int = 0>; T: numbers
      13: T + bfloat16
      """)
  package let function: BinaryFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    function = try node.flag("fmod") ? .remainder : .modulo
  }
}

extension Mod {
  package var gradient: Gradient { .pairwise { g, a, b, y in (g, g * (y - a) / b) } }
}
