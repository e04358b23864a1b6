internal import IR
internal import Operators
internal import Samples

/// A product of two activations that sums over channels, as that of queries and keys.
struct ProductReading {
  let node: NodeID
  /// What is multiplied.
  let left: LayerReading.Place
  let right: LayerReading.Place
  /// Which channel each position is.
  let atoms: [Int]

  /// The products that sum over channels of two values.
  static func all(_ readings: [ActivationReading], _ coupling: Coupling) -> [ProductReading] {
    var operands: [NodeID: [ActivationReading]] = [:]
    var order: [NodeID] = []
    for reading in readings where reading.weightNorms == nil {
      guard let node = reading.node,
        !(operands[node] ?? []).contains(where: { $0.value == reading.value })
      else { continue }
      if operands[node] == nil { order.append(node) }
      operands[node, default: []].append(reading)
    }
    return order.compactMap { node in
      guard let two = operands[node], two.count == 2 else { return nil }
      let inputs = coupling.facts.graph[node].inputs
      guard let first = inputs.firstIndex(of: two[0].value),
        let second = inputs.firstIndex(of: two[1].value)
      else { return nil }
      let (a, b) = first < second ? (two[0], two[1]) : (two[1], two[0])
      let atoms = a.slots.map { coupling.atom($0) }
      guard atoms == b.slots.map({ coupling.atom($0) }) else { return nil }
      return ProductReading(
        node: node, left: .init(value: a.value, axis: a.axis),
        right: .init(value: b.value, axis: b.axis), atoms: atoms)
    }
  }

  /// What is to be seen of an operand.
  func point(_ place: LayerReading.Place) -> GramPoint {
    GramPoint(
      node: node, value: place.value, form: .positions(along: place.axis),
      weight: [atoms.count, atoms.count], squares: true)
  }
}
