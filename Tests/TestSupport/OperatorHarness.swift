package import IR
package import Operators
private import Kernels

/// Runs the operator `type` on tensors with the reference kernels, as the executor would: 16-bit
/// floats are widened before and narrowed after.
///
/// - Parameters:
///   - outputs: how many outputs the node names.
/// - Throws: what the registry or the operator throws, and an error when the operator is unknown.
package func evaluate(
  _ type: String, opset: Int, attributes: [Attribute] = [], inputs: [Tensor?], outputs: Int = 1
) throws -> [Tensor] {
  let op = try makeOperator(
    type, opset: opset, attributes: attributes, inputs: inputs.map { $0 != nil }, outputs: outputs)
  let wide = inputs.map { $0.map(widened) }
  guard
    let results = try evaluateConstant(op, label: "\(type) 'test'", inputs: wide, outputs: outputs)
  else { throw ModelError(.unsupported, "\(type) 'test': cannot run on these inputs") }
  let types = try op.infer(facts(type, inputs)).map(\.type.elementType)
  return results.enumerated().map { index, tensor in
    guard index < types.count else { return tensor }
    return narrowed(tensor, types[index])
  }
}

/// The types that inference gives for the operator `type` on tensors of known value.
package func infer(
  _ type: String, opset: Int, attributes: [Attribute] = [], inputs: [Tensor?], outputs: Int = 1
) throws -> [Inferred] {
  let op = try makeOperator(
    type, opset: opset, attributes: attributes, inputs: inputs.map { $0 != nil }, outputs: outputs)
  return try op.infer(facts(type, inputs))
}

/// The operator `type` of a node with the given attributes and operands.
package func makeOperator(
  _ type: String, opset: Int, attributes: [Attribute] = [], inputs: [Bool], outputs: Int = 1
) throws -> any Operator {
  let view = NodeView(
    label: "\(type) 'test'", attributes: attributes, inputs: inputs,
    outputs: [Bool](repeating: true, count: outputs))
  guard let op = try Registry.make(OperatorName(type), opset: opset, view) else {
    throw ModelError(.unsupported, "\(type): unknown at opset \(opset)")
  }
  return op
}

private func facts(_ type: String, _ inputs: [Tensor?]) -> Inputs {
  Inputs(
    label: "\(type) 'test'",
    inputs.enumerated().map { index, tensor in
      tensor.map { Operand(name: "x\(index)", type: $0.type, constant: $0) }
    })
}

private func widened(_ tensor: Tensor) -> Tensor {
  guard tensor.elementType == .float16 || tensor.elementType == .bfloat16,
    let floats = tensor.floats
  else { return tensor }
  return Tensor(floats: floats, tensor.dimensions)
}

private func narrowed(_ tensor: Tensor, _ type: ElementType) -> Tensor {
  let format: HalfFormat
  switch type {
  case .float16: format = .float16
  case .bfloat16: format = .bfloat16
  default: return tensor
  }
  guard tensor.elementType == .float, let storage = tensor.storage else { return tensor }
  let source = Source(.float, tensor.dimensions, storage.bytes)
  let narrow = Storage(count: 2 * tensor.count) { Kernels.narrow(source, to: format, into: $0) }
  return Tensor(type, tensor.dimensions, narrow)
}
