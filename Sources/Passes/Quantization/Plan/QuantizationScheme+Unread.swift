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

  /// Whether the operator that makes a value, which a clamp alone reads, is computed in integers only
  /// where its result is rounded.
  private func mustRound(_ value: ValueID) -> Bool {
    guard let producer = facts.graph[value].producer, let op = facts.op(producer),
      !target.leavesResult(op, isClamped: true)
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
    let isRounded = outputs.contains { isRoundedBehindClamp($0, needed) }
    if isRounded || !target.leavesResult(op) { needed.formUnion(outputs) }
  }

  /// Whether a clamp of its own stands between a value and a rounding. Runtimes drop the clamp and round
  /// the value itself, and a product whose result is both rounded there and read as it is they compute
  /// in float: it is rounded for all its readers.
  private func isRoundedBehindClamp(_ value: ValueID, _ needed: Set<ValueID>) -> Bool {
    facts.graph[value].uses.contains { use in
      guard let reader = use.node, case .float? = decisions[reader], let op = facts.op(reader),
        case .clamp = target.rule(op, facts.inputs(reader))
      else { return false }
      return facts.graph[reader].outputs.contains { $0.map(needed.contains) ?? false }
    }
  }
}
