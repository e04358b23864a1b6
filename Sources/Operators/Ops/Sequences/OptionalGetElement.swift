package import IR

/// The value that an optional holds
/// (https://onnx.ai/onnx/operators/onnx__OptionalGetElement.html).
package struct OptionalGetElement: ContainerOperator {
  package static let schema = Schema(
    "OptionalGetElement", opsets: 15...28,
    signature: """
      15: (O) -> V; O: optional(all) optional(seq(all)); V: all seq(all)
      18: O + all seq(all)
      28: O + float8 int4s int2s bfloat16 float4e2m1 float8e8m0 seq(float8) seq(int4s)
        seq(int2s) seq(bfloat16) seq(float4e2m1) seq(float8e8m0) optional(float8)
        optional(int4s) optional(int2s) optional(bfloat16) optional(float4e2m1)
        optional(float8e8m0) optional(seq(float8)) optional(seq(int4s)) optional(seq(int2s))
        optional(seq(bfloat16)) optional(seq(float4e2m1)) optional(seq(float8e8m0))
        float6 seq(float6) optional(float6) optional(seq(float6));
        V + float8 int4s int2s bfloat16 float4e2m1 float8e8m0 seq(float8) seq(int4s) seq(int2s)
        seq(bfloat16) seq(float4e2m1) seq(float8e8m0) float6 seq(float6)
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard case .optional(let content)? = inputs[0]?.valueType else {
      return [Inferred(value: inputs[0]?.valueType, data: inputs.data(0))]
    }
    return [Inferred(value: content)]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    guard case .optional(let content, _) = try call.input(0) else { return [try call.input(0)] }
    guard let content else { throw call.mismatch(0, expected: "an optional that holds a value") }
    return [content]
  }
}
