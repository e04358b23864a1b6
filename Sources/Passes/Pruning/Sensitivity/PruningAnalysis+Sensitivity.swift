internal import IR

extension PruningAnalysis {
  /// The atoms to remove when one group alone loses a fraction of its channels.
  func atoms(of group: Int, ratio: Double) -> AtomSet { selection.atoms(fixed: [group: ratio]) }

  /// What chooses among the channels of each group by itself.
  var selection: Selection {
    Selection(
      groups: groups.groups, scores: scores, protected: protected, kinds: [], fixed: [:],
      options: options, nothing: nothing)
  }

  /// The names of the weights that make a group's channels.
  func weightNames(_ group: ChannelGroup) -> [String] {
    group.producers.map { slice(coupling.producers[$0], kept: []).weight }
  }

  /// For each group a text that says which it is: the weights that make its channels, and a number
  /// where several groups have the same. It does not depend on what other groups there are.
  var keys: [String] {
    var seen: [String: Int] = [:]
    return groups.groups.map { group in
      let names = weightNames(group).joined(separator: GroupKey.joint)
      let place = seen[names, default: 0]
      seen[names] = place + 1
      return place == 0 ? names : "\(names) #\(place + 1)"
    }
  }

  /// Fractions by key as fractions by number. A group of which a part went with a block has the fraction
  /// of the whole.
  func numbered(_ widths: [String: Double]) -> [Int: Double] {
    guard !widths.isEmpty else { return [:] }
    var ratios: [Int: Double] = [:]
    let keys = keys
    let shortened = Set(widths.keys).subtracting(keys)
    for (group, key) in zip(groups.groups, keys) {
      let known = widths[key] == nil ? GroupKey.whole(of: key, among: shortened) : key
      ratios[group.index] = known.flatMap { widths[$0] }
    }
    return ratios
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
