internal import IR
internal import Operators

extension MovementForm {
  /// Spells lists of lengths that are computed from shapes in one way: each named length is taken from the
  /// first input that has it. All lengths are taken to be at least 1.
  mutating func spellLengths() {
    guard let first = facts.graph.nodeIDs.first else { return }
    let places = namedPlaces
    for id in facts.graph.nodeIDs {
      for output in facts.graph[id].outputs.compactMap({ $0 }) {
        guard let parts = parts(of: output, places) else { continue }
        let readers = facts.graph[output].uses.compactMap { use -> NodeID? in
          guard let node = use.node, isLast(node) else { return nil }
          return node
        }
        guard !readers.isEmpty else { continue }
        let list = self.list(parts, before: first)
        for reader in readers {
          for slot in graph[reader].inputs.indices where graph[reader].inputs[slot] == output {
            graph.setInput(reader, slot: slot, to: list)
          }
          if facts.op(reader) is any Reshaping { graph[reader].setAttribute("allowzero", nil) }
        }
        isChanged = true
      }
    }
  }

  /// A length: a number, or an axis of an input.
  enum Part: Hashable {
    case number(Int)
    case axis(ValueID, Int)
  }

  /// Where named lengths stand first.
  private var namedPlaces: [String: Part] {
    var places: [String: Part] = [:]
    for port in facts.graph.requiredInputs {
      for (axis, length) in (port.type?.tensor?.shape?.dimensions ?? []).enumerated() {
        guard let symbol = length.expression?.symbol, places[symbol] == nil else { continue }
        places[symbol] = .axis(port.value, axis)
      }
    }
    return places
  }

  /// What a computed list of lengths is made of; nil for what is none, or has sums and products.
  private func parts(of value: ValueID, _ places: [String: Part]) -> [Part]? {
    let type = facts.operand(value).type
    guard type.elementType == .int64, type.shape?.rank == 1, facts.constant(value) == nil,
      let data = facts.data(value)
    else { return nil }
    var parts: [Part] = []
    for length in data {
      if let number = length.value {
        parts.append(.number(number))
      } else if let symbol = length.expression?.symbol, let place = places[symbol] {
        parts.append(place)
      } else {
        return nil
      }
    }
    return parts
  }

  /// Whether a node does not compute lengths itself.
  private func isLast(_ id: NodeID) -> Bool {
    facts.graph[id].outputs.allSatisfy { output in output.map { facts.data($0) == nil } ?? true }
  }

  private mutating func list(_ parts: [Part], before first: NodeID) -> ValueID {
    if let known = lists[parts] { return known }
    let pieces = parts.map { part -> ValueID in
      switch part {
      case .number(let number): return constant([number])
      case .axis(let input, let axis):
        if let known = lists[[part]] { return known }
        let shape = graph.addFreshValue("\(graph[input].name)_lengths")
        let piece = graph.addFreshValue("\(graph[input].name)_length")
        graph.add(ShapeNodes.lengths(of: input, into: shape), before: first)
        graph.add(ShapeNodes.pick(constant([axis]), of: shape, axis: 0, into: piece), before: first)
        lists[[part]] = piece
        return piece
      }
    }
    guard pieces.count > 1 else { return pieces[0] }
    let list = graph.addFreshValue("lengths")
    graph.add(ShapeNodes.list(pieces, into: list), before: first)
    lists[parts] = list
    return list
  }
}
