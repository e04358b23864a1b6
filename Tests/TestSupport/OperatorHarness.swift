package import IR
package import Operators

/// Runs the operator `type` on tensors with the reference kernels, as the executor would.
///
/// - Parameters:
///   - outputs: how many outputs the node names.
/// - Throws: what the registry or the operator throws, and an error when the operator is unknown.
package func evaluate(
  _ type: String, opset: Int, attributes: [Attribute] = [], inputs: [Tensor?], outputs: Int = 1
) throws -> [Tensor] {
  let op = try makeOperator(
    type, opset: opset, attributes: attributes, inputs: inputs.map { $0 != nil }, outputs: outputs)
  guard
    let results = try evaluateConstant(
      op, label: "\(type) 'test'", inputs: inputs, outputs: outputs)
  else { throw ModelError(.unsupported, "\(type) 'test': cannot run on these inputs") }
  return results
}

/// The types that inference gives for the operator `type` on tensors of known value.
package func infer(
  _ type: String, opset: Int, attributes: [Attribute] = [], inputs: [Tensor?], outputs: Int = 1
) throws -> [Inferred] {
  let op = try makeOperator(
    type, opset: opset, attributes: attributes, inputs: inputs.map { $0 != nil }, outputs: outputs)
  let facts = facts(type, inputs)
  try Registry.signature(of: OperatorName(type), opset: opset)?.check(facts)
  return try op.infer(facts)
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
