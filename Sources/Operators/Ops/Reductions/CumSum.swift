package import IR
package import Kernels

/// Running sums along an axis (https://onnx.ai/onnx/operators/onnx__CumSum.html).
package struct CumSum: RunningOperator {
  package static let schema = Schema(
    "CumSum", opsets: 11...28,
    signature: """
      11: (T, T2) -> T; <exclusive: int = 0, reverse: int = 0>;
        T: float int32 int64 double uint32 uint64; T2: int32 int64
      14: T + float16 bfloat16
      """)
  package let function = RunningFunction.sum
  package let exclusive: Bool
  package let reverse: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    exclusive = try node.flag("exclusive")
    reverse = try node.flag("reverse")
  }
}

extension CumSum {
  package var gradient: Gradient {
    .rule { [exclusive, reverse] call throws(ModelError) in
      let attributes = [
        Attribute("exclusive", .int(exclusive ? 1 : 0)),
        Attribute("reverse", .int(reverse ? 0 : 1)),
      ]
      return [try call.cotangent(0).apply(CumSum.self, [call.input(1)], attributes)]
    }
  }
}
