internal import IR
internal import Operators

extension QuantizationScheme {
  /// Takes back integers that nothing is gained by: an operator that only moves or joins numbers pays
  /// where integers read its result, and a product that the runtime computes in integers anyway need
  /// not round its result for readers in float.
  mutating func leaveUnread() {
    var needed = Set<ValueID>()
    for id in facts.graph.nodeIDs.reversed() {
      guard let decision = decisions[id], let op = facts.op(id) else { continue }
      let node = facts.graph[id]
      let outputs = node.outputs.compactMap { $0 }
      switch decision {
      case .float: continue
      case .absorbed:
        guard let source = node.inputs[0] else { continue }
        if outputs.contains(where: needed.contains) || mustRound(source) {
          // The source is not rounded itself, but its operator is computed in integers.
          needed.formUnion(outputs + [source])
        } else {
          decisions[id] = .float(reason: Self.unread)
        }
      case .weighted(let own):
        if let activation = node.inputs[own.activation] { needed.insert(activation) }
        keep(outputs, of: id, op, &needed)
      case .integer:
        let form = op.quantization(facts.inputs(id))
        if case .product(let inputs) = form {
          needed.formUnion(inputs.compactMap { node.inputs[$0] })
          keep(outputs, of: id, op, &needed)
        } else if outputs.contains(where: needed.contains) {
          let slots: [Int] =
            switch form {
            case .free(let inputs, _), .bounded(let inputs, _), .shared(let inputs): inputs
            default: Array(node.inputs.indices)
            }
          needed.formUnion(slots.compactMap { node.inputs[safe: $0] ?? nil } + outputs)
        } else {
          decisions[id] = .float(reason: Self.unread)
        }
      }
    }
    quantized.formIntersection(needed)
  }

  private static let unread = "nothing in integers reads its result"

  /// Whether the operator that makes a value is computed in integers only where its result is rounded.
  private func mustRound(_ value: ValueID) -> Bool {
    guard let producer = facts.graph[value].producer, let op = facts.op(producer),
      !target.leavesResult(op)
    else { return false }
    switch decisions[producer] {
    case .weighted: return true
    case .integer:
      if case .product = op.quantization(facts.inputs(producer)) { return true }
      return false
    default: return false
    }
  }

  private func keep(
    _ outputs: [ValueID], of id: NodeID, _ op: any Operator, _ needed: inout Set<ValueID>
  ) {
    if !target.leavesResult(op) { needed.formUnion(outputs) }
  }
}
