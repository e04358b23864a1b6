package import IR
package import Kernels

/// Elements converted to another type (https://onnx.ai/onnx/operators/onnx__Cast.html). Floating
/// point to integer truncates and saturates, NaN gives 0; integers of less than a byte keep the lower
/// bits.
package struct Cast: Conversion {
  package static let schema = Schema(
    "Cast", opsets: 6...28,
    signature: """
      6: (T1) -> T2; <to: int!>; T1: numbers bool; T2: numbers bool
      9: T1 + string; T2 + string
      13: T1 + bfloat16; T2 + bfloat16
      19: <saturate: int = 1, to: int!>; T1 + float8; T2 + float8
      21: T1 + int4s; T2 + int4s
      23: T1 + float4e2m1; T2 + float4e2m1
      24: <round_mode: string = up, saturate: int = 1, to: int!>; T1 + float8e8m0;
        T2 + float8e8m0
      25: T1 + int2s; T2 + int2s
      28: T1 + float6; T2 + float6
      """)

  /// The type of the output.
  package let to: ElementType
  package let rule: ConversionRule

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let code = try node.int("to")
    guard let raw = Int32(exactly: code), raw > 0 else {
      throw node.mismatch("to", expected: "an element type", found: "\(code)")
    }
    to = ElementType(rawValue: raw)
    rule = try ConversionRule(node, opset: opset)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] { infer(inputs, to: to) }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    inputs.elementType(0) == to
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    try convert(context, to: to)
  }

  package var needsValues: Bool { to == .string }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    try convertText(call, to: to)
  }
}

extension Cast {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in [try call.cotangent(0).cast(to: call.facts.elementType(0))] }
  }
}

extension Cast {
  package static let revisions: [Revision] = [
    .additive(19),
    .additive(24),
    .additive(28),
  ]
}
