package import IR

extension TypedGraph {
  /// The trained weights of the graph, subgraphs not included: value, constant and the node that
  /// reads it first.
  ///
  /// A weight is a float constant, or an integer one where an operator reads quantized weights
  /// (`Traits.quantizedInputs`). Not weights: constants that only feed auxiliary inputs (running
  /// statistics, bounds, scales), scalars, and single elements that only feed elementwise
  /// arithmetic, which are numbers of a formula (an epsilon, a square root's divisor).
  package var weights: [(value: ValueID, tensor: Tensor, reader: NodeID?)] {
    graph.valueIDs.compactMap { id in
      guard let tensor = storedConstant(id), tensor.byteCount > 0 else { return nil }
      let uses = graph[id].uses.filter { isWeight(tensor, for: $0) }
      guard !uses.isEmpty else { return nil }
      return (id, tensor, uses.compactMap(\.node).min())
    }
  }

  /// The constant that an initializer or a node's attribute holds, overridable or not; nil for
  /// results of arithmetic.
  package func storedConstant(_ id: ValueID) -> Tensor? {
    if let tensor = graph[id].initializer { return tensor }
    return graph[id].producer.flatMap { op($0)?.constantValue }
  }

  /// Whether an operator reads a value as a quantized weight.
  private func isQuantized(_ value: ValueID?) -> Bool {
    guard let value else { return false }
    return graph[value].uses.contains { use in
      guard case .input(let node, let slot) = use, let op = op(node) else { return false }
      return type(of: op).traits.quantizedInputs.contains(slot)
    }
  }

  private func isWeight(_ tensor: Tensor, for use: Use) -> Bool {
    let isFloat = tensor.elementType.isFloatingPoint
    switch use {
    case .output: return false
    case .capture: return isFloat && tensor.count > 1
    case .input(let node, let slot):
      guard let op = op(node) else { return isFloat && !tensor.dimensions.isEmpty }
      if tensor.elementType.isPacked, EncodingNodes.isCast(graph[node]) {
        return graph[node].outputs.contains { isQuantized($0) }
      }
      let type = type(of: op)
      if type.traits.auxiliaryInputs.contains(slot) { return false }
      if type.traits.quantizedInputs.contains(slot) {
        return isFloat || tensor.elementType != .bool
      }
      guard isFloat, !tensor.dimensions.isEmpty else { return false }
      if tensor.count > 1 || type.traits.trainedInputs.contains(slot) { return true }
      return !type.traits.isCommutative && !(op is any BroadcastBinary)
    }
  }
}
