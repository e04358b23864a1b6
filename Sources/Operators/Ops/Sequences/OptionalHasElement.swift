package import IR

/// Whether an optional holds a value
/// (https://onnx.ai/onnx/operators/onnx__OptionalHasElement.html).
package struct OptionalHasElement: ContainerOperator {
  package static let schema = Schema(
    "OptionalHasElement", opsets: 15...28,
    signature: """
      15: (O) -> B; O: optional(all) optional(seq(all)); B: bool
      18: (O?) -> B; O + all seq(all)
      28: O + float8 int4s int2s bfloat16 float4e2m1 float8e8m0 seq(float8) seq(int4s)
        seq(int2s) seq(bfloat16) seq(float4e2m1) seq(float8e8m0) optional(float8)
        optional(int4s) optional(int2s) optional(bfloat16) optional(float4e2m1)
        optional(float8e8m0) optional(seq(float8)) optional(seq(int4s)) optional(seq(int2s))
        optional(seq(bfloat16)) optional(seq(float4e2m1)) optional(seq(float8e8m0))
        float6 seq(float6) optional(float6) optional(seq(float6))
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let known: Int? =
      switch inputs[0]?.valueType {
      case .optional?: nil
      case nil: inputs.has(0) ? nil : 0
      default: 1
      }
    return [Inferred(TensorType(.bool, []), data: known.map { [.known($0)] })]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let isThere: Bool =
      switch call.optional(0) {
      case .optional(let content, _)?: content != nil
      case nil: false
      default: true
      }
    return [.tensor(Tensor(bool: isThere))]
  }
}

extension OptionalHasElement {
  package static let revisions: [Revision] = [
    .additive(18)
  ]
}
