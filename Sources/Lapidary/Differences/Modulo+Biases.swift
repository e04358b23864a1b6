internal import IR
internal import Operators

extension Model {
  /// Leaves out biases that are zero throughout, which some exporters write down and others do not.
  mutating func leaveOutZeroBiases() {
    guard let facts = try? inferTypes(self), let version = opset() else { return }
    for id in graph.nodeIDs {
      guard let slot = facts.op(id)?.linear(facts.inputs(id))?.bias?.slot,
        slot == graph[id].inputs.count - 1, let bias = graph[id].inputs[slot],
        let signature = Registry.signature(of: graph[id].op, opset: version),
        signature.inputCount.lowerBound <= slot,
        graph.constant(bias)?.doubles?.allSatisfy({ $0 == 0 }) ?? false
      else { continue }
      graph.setInput(id, slot: slot, to: nil)
      graph.truncateInputs(id, to: slot)
    }
  }
}
