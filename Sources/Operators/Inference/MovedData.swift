import IR

/// Propagates the elements of small tensors through operators that only move elements, whatever
/// they are: the operator runs on the elements' numbers, and where a number ends up its element is.
///
/// - Returns: the elements of each output; nil where they are not known.
func movedData(_ op: any Operator, _ inputs: Inputs, _ results: [Inferred]) -> [[Dimension]?]? {
  let limit = 1024
  // Only types that lengths are computed in.
  func follows(_ type: TensorType) -> Bool {
    guard type.elementType == .int64 || type.elementType == .int32,
      let count = type.shape?.elementCount.value
    else { return false }
    return (1...limit).contains(count)
  }
  guard results.contains(where: { follows($0.type) }) else { return nil }
  let rule = op.channels(inputs, results.map(\.type))
  var ports: [Int]?
  for case .moves(let inputs, _) in rule.relations { ports = inputs }
  guard let ports, rule.relations.count == 1 else { return nil }
  var elements: [Dimension] = []
  var tensors = inputs.operands.map { $0?.constant }
  for port in ports {
    guard let operand = inputs[port], let data = inputs.data(port), follows(operand.type),
      let shape = operand.type.shape?.known, checkedProduct(shape) == data.count
    else { return nil }
    tensors[port] = Tensor(int64: Array(elements.count..<elements.count + data.count), shape)
    elements += data
  }
  for (index, operand) in inputs.operands.enumerated() where operand != nil {
    if tensors[index] != nil { continue }
    guard let values = inputs.knownIntegers(index), let shape = inputs.shape(index)?.known,
      checkedProduct(shape) == values.count
    else { return nil }
    tensors[index] = Tensor(int64: values, shape)
  }
  let outputs = try? evaluateConstant(
    op, label: inputs.label, inputs: tensors, outputs: results.count, createdLabel: -1)
  return outputs?.map { tensor in
    tensor.integers.map { labels in labels.map { elements[safe: $0] ?? .unknown } }
  }
}
