internal import IR
internal import Operators

/// What patterns of the options name.
extension Coupling {
  /// Freezes the channels of weights, nodes, values and operators that a pattern names.
  mutating func keep(_ patterns: [String]) {
    for pattern in patterns {
      let glob = Glob(pattern)
      let reason = "kept as asked by '\(pattern)'"
      for role in producers where patternNames(role).contains(where: glob.matches) {
        for slot in role.slots { freeze(slot, reason) }
      }
    }
  }

  /// What patterns may call the channels that a weight makes: names of weight, node, operator and
  /// results.
  func patternNames(_ role: Role) -> [String] {
    let node = facts.graph[role.node]
    var names = [node.name ?? "", node.type]
    if case .input(let slot) = role.axis.port, let value = node.inputs[slot] {
      names.append(facts.graph[value].name)
    }
    return names + node.outputs.compactMap { $0.map { facts.graph[$0].name } }
  }

  /// The fractions that patterns give to groups, by number of group.
  func ratios(
    of groups: [ChannelGroup], _ ratios: [PruningOptions.GroupRatio]
  ) -> [Int: Double] {
    guard !ratios.isEmpty else { return [:] }
    var result: [Int: Double] = [:]
    for group in groups {
      let names = group.producers.flatMap { patternNames(producers[$0]) }
      let fitting = ratios.filter { names.contains(where: Glob($0.pattern).matches) }
      // The longest pattern says most.
      let best = fitting.max { ($0.pattern.count, $1.pattern) < ($1.pattern.count, $0.pattern) }
      if let best { result[group.index] = best.ratio }
    }
    return result
  }

  /// Numbers of kinds: groups have the same where the same operators with weights of the same form
  /// make, read and scale their channels.
  func kinds(of groups: ChannelGroups) -> [Int] {
    var forms = [Set<String>](repeating: [], count: groups.groups.count)
    for (part, roles) in [producers, consumers, scales].enumerated() {
      for role in roles {
        let kernel = facts.inputs(role.node).shape(slot(role)).map {
          $0.dimensions.enumerated().map { $0 < 2 ? "" : "\($1)" }.joined(separator: "x")
        }
        let form = "\(part) \(facts.graph[role.node].type) \(role.axis.axis) \(kernel ?? "")"
        for group in groups.groups(of: role.slots, self) {
          forms[group].insert(form)
        }
      }
    }
    var numbers: [[String]: Int] = [:]
    return forms.map { form in
      let key = form.sorted()
      let number = numbers[key] ?? numbers.count
      numbers[key] = number
      return number
    }
  }

  private func slot(_ role: Role) -> Int {
    if case .input(let slot) = role.axis.port { slot } else { 0 }
  }
}
