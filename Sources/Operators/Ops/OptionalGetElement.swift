package import IR

/// The value that an optional holds
/// (https://onnx.ai/onnx/operators/onnx__OptionalGetElement.html).
package struct OptionalGetElement: ContainerOperator {
  package static let schema = Schema("OptionalGetElement", opsets: 15...26, inputs: 1...1)

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
