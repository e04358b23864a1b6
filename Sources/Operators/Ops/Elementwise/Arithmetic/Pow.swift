package import IR
package import Kernels

/// `aᵇ` in the type of `a`, with broadcasting (https://onnx.ai/onnx/operators/onnx__Pow.html).
package struct Pow: BroadcastBinary {
  package static let schema = Schema(
    "Pow",
    signature: """
      1: (T, T) -> T; <axis: int, broadcast: int = 0>; T: floats
      7: <>
      12: (T, T1) -> T; T + int32 int64; T1: numbers
      13: T + bfloat16
      15: T1 + bfloat16
      """)
  package let function = BinaryFunction.power

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Pow {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0), y = try call.output(0)
      let exponent = try call.input(1).cast(to: x.type.elementType)
      // The exponent's own cotangent has no meaning for a base below zero.
      let own = x.isAbove(0).select(g * y * x.isAbove(0).select(x, x.number(1)).log)
      let base: Term =
        switch call.facts[1]?.constant.flatMap({ $0.count == 1 ? $0.doubles?.first : nil }) {
        case 1?: g
        case 2?: g * x * 2
        case 3?: g * x.squared * 3
        default: g * exponent * x.power(exponent - 1)
        }
      return [try call.summed(base, like: 0), try call.summed(own, like: 1)]
    }
  }
}
