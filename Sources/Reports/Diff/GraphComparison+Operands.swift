internal import IR

/// Operands of paired items: where they come from, and what constants hold.
extension GraphComparison {
  func compareOperands(
    _ x: DiffGraph.Item, _ y: DiffGraph.Item, _ labelA: String, _ labelB: String
  ) {
    let count = max(x.inputs.count, y.inputs.count)
    func padded(_ sources: [DiffGraph.Source]) -> [DiffGraph.Source] {
      sources + Array(repeating: .none, count: count - sources.count)
    }
    let left = padded(x.inputs), right = padded(y.inputs)
    let order = x.isCommutative ? bestOrder(left, right) : Array(0..<count)
    if order != Array(0..<count) {
      report(.moved, labelA, labelB, .said("operands in another order"))
    }
    for (slot, place) in order.enumerated() {
      compareOperand(
        left[slot], right[place], "\(labelA), input \(slot)", "\(labelB), input \(place)")
    }
  }

  /// For each operand of a commutative item, its partner: an equal one, else one that is left.
  private func bestOrder(_ left: [DiffGraph.Source], _ right: [DiffGraph.Source]) -> [Int] {
    func isEqual(_ x: DiffGraph.Source, _ y: DiffGraph.Source) -> Bool {
      if case .constant(let m) = x, case .constant(let n) = y {
        return a.constants[m].hash == b.constants[n].hash
      }
      return areSame(x, y)
    }
    var order = [Int?](repeating: nil, count: left.count)
    var free = Set(right.indices)
    for slot in left.indices where isEqual(left[slot], right[slot]) {
      order[slot] = slot
      free.remove(slot)
    }
    for slot in left.indices where order[slot] == nil {
      let place = free.sorted().first { isEqual(left[slot], right[$0]) }
      if let place {
        order[slot] = place
        free.remove(place)
      }
    }
    // What is left differs; constants go with constants.
    for slot in left.indices where order[slot] == nil {
      let rest = free.sorted()
      guard
        let place = rest.first(where: { left[slot].isConstant == right[$0].isConstant })
          ?? rest.first
      else { continue }
      order[slot] = place
      free.remove(place)
    }
    return order.enumerated().map { $1 ?? $0 }
  }

  func compareOperand(
    _ x: DiffGraph.Source, _ y: DiffGraph.Source, _ placeA: String, _ placeB: String
  ) {
    if case .constant(let m) = x, case .constant(let n) = y {
      compareConstants(m, n, placeA, placeB)
    } else if !areSame(x, y), !isExplained(x, y) {
      report(.rewired, placeA, placeB, .replaced(from: a.name(x), to: b.name(y)))
    }
  }

  private func compareConstants(_ m: Int, _ n: Int, _ placeA: String, _ placeB: String) {
    guard comparedConstants.insert([m, n]).inserted else { return }
    let x = a.constants[m], y = b.constants[n]
    rename("constant", x.name, y.name)
    let places = ("\(placeA) '\(x.name)'", "\(placeB) '\(y.name)'")
    if let change = correspondence?.change(m, n), x.tensor.elementType == y.tensor.elementType {
      guard !change.isNone else { return }
      // An order that some reader gives a meaning is a difference, one that all undo is none.
      let isHarmless = change.isReorderingOnly && correspondence?.isBroken == false
      let moves = change.maps.contains { !($0?.isIdentity ?? false) }
      report(isHarmless ? .moved : moves ? .channels : .weight, places.0, places.1, .weight(change))
      return
    }
    for change in tensorChanges(x.tensor, y.tensor, equal: x.hash == y.hash) {
      report(change.kind, places.0, places.1, change.change)
    }
  }
}

extension DiffGraph.Source {
  var isConstant: Bool { if case .constant = self { true } else { false } }
}
