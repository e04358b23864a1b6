internal import IR
internal import Operators

extension Model {
  /// Leaves out operands that are zeros throughout where their absence means the same: biases and first
  /// states, which some exporters write down and others do not.
  ///
  /// - Returns: whether there were any.
  mutating func leaveOutZeros() -> Bool {
    guard let facts = try? inferTypes(self), let version = opset() else { return false }
    var isChanged = false
    for id in graph.nodeIDs {
      guard let op = facts.op(id),
        let signature = Registry.signature(of: graph[id].op, opset: version)
      else { continue }
      let bias = op.linear(facts.inputs(id))?.bias?.slot
      var slots = type(of: op).traits.zeroInputs
      if let bias { slots.insert(bias) }
      for slot in slots where slot >= signature.inputCount.lowerBound {
        guard let value = graph[id].inputs[safe: slot] ?? nil, facts.isZero(value) else { continue }
        graph.setInput(id, slot: slot, to: nil)
        isChanged = true
      }
      var count = graph[id].inputs.count
      while count > signature.inputCount.lowerBound, graph[id].inputs[count - 1] == nil {
        count -= 1
      }
      graph.truncateInputs(id, to: count)
    }
    return isChanged
  }
}
