package import IR

/// Whether an optional holds a value
/// (https://onnx.ai/onnx/operators/onnx__OptionalHasElement.html).
package struct OptionalHasElement: ContainerOperator {
  package static let schema = Schema("OptionalHasElement", opsets: 15...26, inputs: 0...1)

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
