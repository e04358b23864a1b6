internal import IR

extension PruningAnalysis {
  /// The atoms to remove when one group alone loses a fraction of its channels.
  func atoms(of group: Int, ratio: Double) -> AtomSet {
    Selection(
      groups: groups.groups, scores: scores, protected: protected, kinds: [],
      fixed: [group: ratio], options: options, nothing: nothing
    ).atoms(ratio: 0)
  }

  /// The names of the weights that make a group's channels.
  func weightNames(_ group: ChannelGroup) -> [String] {
    group.producers.map { slice(coupling.producers[$0], kept: []).weight }
  }

  /// For each channel of a group that can go how many go before it, by atom.
  func ranks(of group: ChannelGroup) -> [Int: Int] {
    let scores = scores[group.index]
    let free = group.atoms.indices.filter { group.frozen[$0] == nil }
    let order = free.sorted { scores[$0] == scores[$1] ? $0 > $1 : scores[$0] < scores[$1] }
    return Dictionary(
      order.enumerated().map { (group.atoms[$0.element], $0.offset) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Scores of atoms as lists for the weights that make them. Channels without a score, which stay,
  /// get the highest.
  func scoresByWeight(_ scores: [Int: Double]) -> ChannelScores {
    let highest = scores.values.max() ?? 1
    var lists: [String: [Double]] = [:]
    for role in coupling.producers {
      let name = slice(role, kept: []).weight
      guard !name.isEmpty, lists[name] == nil else { continue }
      let list = role.slots.map { scores[coupling.atom($0)] }
      if list.contains(where: { $0 != nil }) { lists[name] = list.map { $0 ?? highest } }
    }
    return ChannelScores(lists)
  }
}
