package import IR

/// A value as one that may be absent, or its absence
/// (https://onnx.ai/onnx/operators/onnx__Optional.html).
package struct OptionalOf: ContainerOperator {
  package static let schema = Schema("Optional", opsets: 15...26, inputs: 0...1)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(value: .optional(inputs[0]?.valueType))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    [.optional(call.optional(0), of: call.optional(0)?.type)]
  }
}
