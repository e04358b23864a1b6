extension Coupling {
  /// For each axis of a tensor its best atom by `scores`, which stays so that the axis does not
  /// become empty: a Split, for one, may give a tensor the weakest channels of a group.
  func lastResorts(_ groups: ChannelGroups, _ scores: [[Double]]) -> AtomSet {
    // What has no score has no maker and stays anyway.
    var scoreOfAtom = [Double?](repeating: nil, count: space.count)
    for group in groups.groups {
      for (atom, score) in zip(group.atoms, scores[group.index]) { scoreOfAtom[atom] = score }
    }
    var atoms = AtomSet(slots: space.count)
    for slots in space.ranges {
      var best: (atom: Int, score: Double)?
      for slot in slots {
        let atom = atom(slot)
        guard let score = scoreOfAtom[atom], reasonNumber(atom) == nil else {
          best = nil
          break
        }
        if best.map({ score > $0.score }) ?? true { best = (atom, score) }
      }
      if let best { atoms.insert(best.atom) }
    }
    return atoms
  }
}
