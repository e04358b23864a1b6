internal import IR

/// Pairs the items of two graphs.
///
/// Exact evidence comes first: hashes of everything above and below an item, then anchors and ports.
/// Each level of `DiffHashes`, from the strictest, pairs what is unique, spreads along ports, and
/// then settles groups of interchangeable items by their operands. Names break ties only.
struct Matcher {
  let a: DiffGraph
  let b: DiffGraph
  /// For each item of `a`, its counterpart in `b`.
  private(set) var counterpart: [Int?]
  /// For each item of `b`, its counterpart in `a`.
  private(set) var origin: [Int?]
  private var queue: [(Int, Int)] = []

  /// Interchangeable candidates that are weighed against each other.
  private static let candidateLimit = 32

  init(_ a: DiffGraph, _ b: DiffGraph) {
    self.a = a
    self.b = b
    counterpart = Array(repeating: nil, count: a.items.count)
    origin = Array(repeating: nil, count: b.items.count)
    run()
  }

  private typealias Key = (DiffGraph, Int) -> ContentHash

  private mutating func run() {
    for level in (0..<DiffHashes.levels).reversed() {
      let up: Key = { graph, item in graph.hashes.upward[level][item] }
      let down: Key = { graph, item in graph.hashes.downward[level][item] }
      let both: Key = { graph, item in
        var hash = up(graph, item)
        hash.combine(down(graph, item))
        return hash
      }
      pairUnique(both)
      if level == 0 {
        spreadFromEverywhere(1)
        pairAlike()
      }
      pairUnique(up)
      pairUnique(down)
      if level > 0 { pairByWeights(level) }
      spreadFromEverywhere(level)
      settle(both, level)
      settle(up, level)
      settle(down, level)
    }
    pairByNeighbours()
  }

  /// Pairs items of one kind whose constants are like no other's: alike in every element, or in shapes
  /// alone. Shapes agree by chance where channels were removed, so that whatever says otherwise counts
  /// more: alike operators all the way above and below, and names that both graphs have elsewhere.
  private mutating func pairByWeights(_ level: Int) {
    let hasConstant = { (graph: DiffGraph, item: Int) in
      graph.items[item].inputs.contains { $0.isConstant }
    }
    let local: Key = { graph, item in graph.hashes.local[level][item] }
    guard level == 1 else { return pairUnique(local, where: hasConstant) }
    pairUnique({ graph, item in
      var hash = graph.hashes.upward[0][item]
      hash.combine(graph.hashes.downward[0][item])
      return hash
    })
    let names = (
      Set(a.items.indices.lazy.map(a.label)), Set(b.items.indices.lazy.map(b.label))
    )
    let (a, b) = (a, b)
    pairUnique(local, where: hasConstant) { i, j in
      let (p, q) = (a.label(i), b.label(j))
      return p == q || !names.0.contains(q) || !names.1.contains(p)
    }
  }

  private mutating func pair(_ i: Int, _ j: Int) {
    counterpart[i] = j
    origin[j] = i
    queue.append((i, j))
  }

  private func isFree(_ i: Int, _ j: Int) -> Bool { counterpart[i] == nil && origin[j] == nil }

  /// Pairs items whose key occurs once on each side among those still free.
  private mutating func pairUnique(
    _ key: Key, where eligible: (DiffGraph, Int) -> Bool = { _, _ in true },
    allowing isAllowed: (Int, Int) -> Bool = { _, _ in true }
  ) {
    func table(_ graph: DiffGraph, _ taken: [Int?]) -> [ContentHash: Int?] {
      var table: [ContentHash: Int?] = [:]
      for item in graph.items.indices where taken[item] == nil && eligible(graph, item) {
        let hash = key(graph, item)
        table.updateValue(table[hash] == nil ? item : nil, forKey: hash)
      }
      return table
    }
    let right = table(b, origin)
    let left = table(a, counterpart)
    for item in a.items.indices where counterpart[item] == nil && eligible(a, item) {
      let hash = key(a, item)
      if case .some(.some(item)) = left[hash], case .some(.some(let other)) = right[hash],
        isAllowed(item, other)
      {
        pair(item, other)
      }
    }
  }

  // MARK: Ports

  private mutating func spreadFromEverywhere(_ level: Int) {
    queue = counterpart.enumerated().compactMap { i, j in j.map { (i, $0) } }
    for (x, y) in zip(a.outputs, b.outputs) { pairProducers(x, y, level) }
    for (x, y) in zip(a.inputConsumers, b.inputConsumers) { pairConsumers(x, y, level) }
    spread(level)
  }

  /// Follows the ports of every new pair.
  private mutating func spread(_ level: Int) {
    var next = 0
    while next < queue.count {
      let (i, j) = queue[next]
      next += 1
      let x = a.items[i], y = b.items[j]
      if x.isCommutative {
        pairConsumers(producers(of: x, counterpart), producers(of: y, origin), level)
      } else {
        for (p, q) in zip(x.inputs, y.inputs) { pairProducers(p, q, level) }
      }
      pairConsumers(x.consumers, y.consumers, level)
    }
    queue.removeAll(keepingCapacity: true)
  }

  private mutating func pairProducers(
    _ x: DiffGraph.Source, _ y: DiffGraph.Source, _ level: Int
  ) {
    guard case .result(let p, let m) = x, case .result(let q, let n) = y, m == n, isFree(p, q),
      a.hashes.local[level][p] == b.hashes.local[level][q]
    else { return }
    pair(p, q)
  }

  /// Free producers of a commutative item's operands, in the form of consumers.
  private func producers(of item: DiffGraph.Item, _ taken: [Int?]) -> [DiffGraph.Consumer] {
    item.inputs.compactMap { source in
      guard case .result(let producer, let output) = source, taken[producer] == nil else {
        return nil
      }
      return DiffGraph.Consumer(output: output, item: producer, slot: 0)
    }
  }

  /// Pairs neighbours that are the only ones of their kind at their port.
  private mutating func pairConsumers(
    _ x: [DiffGraph.Consumer], _ y: [DiffGraph.Consumer], _ level: Int
  ) {
    guard !x.isEmpty, !y.isEmpty else { return }
    struct Port: Hashable {
      let output: Int
      let slot: Int?
      let hash: ContentHash
    }
    func table(
      _ consumers: [DiffGraph.Consumer], _ taken: [Int?], _ hashes: [ContentHash]
    ) -> [(Port, Int?)] {
      var places: [Port: Int] = [:]
      var table: [(Port, Int?)] = []
      for consumer in consumers where taken[consumer.item] == nil {
        let port = Port(
          output: consumer.output, slot: consumer.slot, hash: hashes[consumer.item])
        if let place = places[port] {
          if table[place].1 != consumer.item { table[place].1 = nil }
        } else {
          places[port] = table.count
          table.append((port, consumer.item))
        }
      }
      return table
    }
    let right = Dictionary(
      uniqueKeysWithValues: table(y, origin, b.hashes.local[level]).map { ($0.0, $0.1) })
    for (port, item) in table(x, counterpart, a.hashes.local[level]) {
      if let item, case .some(.some(let other)) = right[port], isFree(item, other) {
        pair(item, other)
      }
    }
  }

  // MARK: Ties

  /// Pairs items of equal key of which there are several, in execution order, each with the
  /// candidate that fits best; what follows from each pair is paired at once.
  private mutating func settle(_ key: Key, _ level: Int) {
    var groups: [ContentHash: [Int]] = [:]
    for item in b.items.indices where origin[item] == nil {
      groups[key(b, item), default: []].append(item)
    }
    guard !groups.isEmpty else { return }
    for item in a.items.indices where counterpart[item] == nil {
      let hash = key(a, item)
      guard var group = groups[hash] else { continue }
      var best: (score: Int, place: Int)?
      var seen = 0
      var place = 0
      while place < group.count, seen < Self.candidateLimit {
        if origin[group[place]] != nil {
          group.remove(at: place)
          continue
        }
        let score = self.score(item, group[place])
        if score > best?.score ?? -1 { best = (score, place) }
        seen += 1
        place += 1
      }
      if let best {
        pair(item, group.remove(at: best.place))
        spread(level)
      }
      groups[hash] = group
    }
  }

  /// How well two items fit: operands and readers that correspond, then the name.
  private func score(_ i: Int, _ j: Int) -> Int {
    let x = a.items[i], y = b.items[j]
    var score = 0
    for (p, q) in zip(x.inputs, y.inputs) {
      switch (p, q) {
      case (.result(let m, let k), .result(let n, let l)):
        if counterpart[m] == n, k == l { score += 8 }
      case (.constant(let m), .constant(let n)):
        if a.constants[m].hash == b.constants[n].hash { score += 4 }
      case (.input(let m), .input(let n)): score += m == n ? 8 : 0
      default: break
      }
    }
    let readers = Set(y.consumers.prefix(Self.candidateLimit).map(\.item))
    for consumer in x.consumers.prefix(Self.candidateLimit) {
      if let other = counterpart[consumer.item], readers.contains(other) { score += 8 }
    }
    if a.hashes.local[1][i] == b.hashes.local[1][j] { score += 2 }
    if a.label(i) == b.label(j) { score += 1 }
    return score
  }

  // MARK: Similarity

  /// Pairs items of equal signature: those that have one name on both sides, then those with a
  /// weight that come in the same order.
  private mutating func pairAlike() {
    let signature: Key = { graph, item in graph.hashes.signature[item] }
    pairUnique({ graph, item in
      var hash = signature(graph, item)
      hash.combine(graph.label(item))
      return hash
    })
    spreadFromEverywhere(1)
    let left = a.items.indices.filter { counterpart[$0] == nil && a.hasWeight($0) }
    let right = b.items.indices.filter { origin[$0] == nil && b.hasWeight($0) }
    func kinds(_ graph: DiffGraph, _ items: [Int]) -> [ContentHash] {
      items.map { graph.hashes.kind[$0] }
    }
    // As many layers of the same kinds in the same order, though of other widths, are the same layers;
    // equal widths would pair the layers of one stage with those of another.
    if left.count == right.count, kinds(a, left) == kinds(b, right) {
      for (i, j) in zip(left, right) { pair(i, j) }
      return
    }
    for (i, j) in longestCommonSubsequence(
      left.map { a.hashes.signature[$0] }, right.map { b.hashes.signature[$0] })
    { pair(left[i], right[j]) }
    let restA = left.filter { counterpart[$0] == nil }, restB = right.filter { origin[$0] == nil }
    for (i, j) in longestCommonSubsequence(kinds(a, restA), kinds(b, restB)) {
      if fits(restA[i], restB[j]) { pair(restA[i], restB[j]) }
    }
  }

  /// Whether pairing two items keeps pairs with weights in one order on both sides.
  private func fits(_ i: Int, _ j: Int) -> Bool {
    let before = counterpart[..<i].lastIndex { $0 != nil }.flatMap { counterpart[$0] }
    let after = counterpart[(i + 1)...].first { $0 != nil } ?? nil
    return (before ?? -1) < j && j < (after ?? .max)
  }

  /// Pairs what is left with items of the same operator beside a counterpart of a neighbour.
  private mutating func pairByNeighbours() {
    var changed = true
    var rounds = 0
    while changed, rounds < 8 {
      changed = false
      rounds += 1
      for item in a.items.indices where counterpart[item] == nil {
        var best: (score: Int, item: Int)?
        for other in candidates(for: item) where b.items[other].op == a.items[item].op {
          let score = self.score(item, other)
          if score > best?.score ?? 0 { best = (score, other) }
        }
        if let best {
          pair(item, best.item)
          spread(0)
          changed = true
        }
      }
    }
  }

  private func candidates(for item: Int) -> [Int] {
    var found: [Int] = []
    func add(_ consumers: [DiffGraph.Consumer]) {
      for consumer in consumers where origin[consumer.item] == nil {
        if found.count < Self.candidateLimit { found.append(consumer.item) }
      }
    }
    for source in a.items[item].inputs {
      switch source {
      case .result(let producer, _):
        if let other = counterpart[producer] { add(b.items[other].consumers) }
      case .input(let index):
        if index < b.inputConsumers.count { add(b.inputConsumers[index]) }
      default: break
      }
    }
    for consumer in a.items[item].consumers {
      guard let other = counterpart[consumer.item] else { continue }
      add(producers(of: b.items[other], origin))
    }
    for (_, index) in a.items[item].graphOutputs {
      if case .result(let producer, _)? = b.outputs[safe: index], origin[producer] == nil {
        found.append(producer)
      }
    }
    return found
  }
}

/// Positions of a longest common subsequence; empty where the table would be too large.
private func longestCommonSubsequence(_ x: [ContentHash], _ y: [ContentHash]) -> [(Int, Int)] {
  let width = y.count + 1
  guard !x.isEmpty, !y.isEmpty, x.count < 4096, y.count < 4096 else { return [] }
  // lengths[i * width + j] is the length for the suffixes from i and from j.
  var lengths = [UInt16](repeating: 0, count: (x.count + 1) * width)
  for i in x.indices.reversed() {
    for j in y.indices.reversed() {
      lengths[i * width + j] =
        x[i] == y[j]
        ? lengths[(i + 1) * width + j + 1] + 1
        : max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
    }
  }
  var pairs: [(Int, Int)] = []
  var i = 0, j = 0
  while i < x.count, j < y.count {
    if x[i] == y[j] {
      pairs.append((i, j))
      i += 1
      j += 1
    } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
      i += 1
    } else {
      j += 1
    }
  }
  return pairs
}
