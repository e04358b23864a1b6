package import IR

/// A value as one that may be absent, or its absence
/// (https://onnx.ai/onnx/operators/onnx__Optional.html).
package struct OptionalOf: ContainerOperator {
  package static let schema = Schema(
    "Optional", opsets: 15...28,
    signature: """
      15: (V?) -> O; <type: type_proto>; V: all seq(all); O: optional(all) optional(seq(all))
      28: V + float8 int4s int2s bfloat16 float4e2m1 float8e8m0 seq(float8) seq(int4s)
        seq(int2s) seq(bfloat16) seq(float4e2m1) seq(float8e8m0)
        float6 seq(float6);
        O + optional(float8) optional(int4s) optional(int2s) optional(bfloat16)
        optional(float4e2m1) optional(float8e8m0) optional(seq(float8)) optional(seq(int4s))
        optional(seq(int2s)) optional(seq(bfloat16)) optional(seq(float4e2m1))
        optional(seq(float8e8m0)) optional(float6) optional(seq(float6))
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(value: .optional(inputs[0]?.valueType))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    [.optional(call.optional(0), of: call.optional(0)?.type)]
  }
}
