package import IR

extension Picture {
  /// Two models in one picture: nodes that both have once, those of one alone beside them, and what
  /// differs said at each.
  package init(_ a: Model, _ b: Model, views: (a: Model, b: Model), _ report: DiffReport) {
    self.init()
    let x = DiffGraph(views.a.graph, opsets: views.a.opsetImports)
    let y = DiffGraph(
      views.b.withPorts(inOrderOf: views.a).graph, opsets: views.b.opsetImports)
    let matcher = Matcher(x, y)
    let first = NodeDescriber(views.a), second = NodeDescriber(views.b)
    let hunks = HunksByNode(report)
    var placeA: [NodeID: Int] = [:], placeB: [NodeID: Int] = [:]
    for step in DiffOrder(x, y, matcher).steps {
      var box: Picture.Item
      switch step {
      case .both(let i, let j):
        let id = x.items[i].id, other = y.items[j].id
        let found = hunks.of(x.label(i), isFirst: true)
        box = first.node(id, weights: "")
        box.histograms = found.isEmpty ? [] : Self.histograms(first, id, second, other)
        box.state = found.isEmpty ? .same : .changed
        box.details += found.map { ($0.kind.rawValue, $0.detail) }
        placeA[id] = nodes.count
        placeB[other] = nodes.count
      case .first(let i):
        box = first.node(x.items[i].id, weights: "a")
        box.state = .removed
        box.details += hunks.of(x.label(i), isFirst: true).map { ($0.kind.rawValue, $0.detail) }
        placeA[x.items[i].id] = nodes.count
      case .second(let j):
        box = second.node(y.items[j].id, weights: "b")
        box.state = .inserted
        box.details += hunks.of(y.label(j), isFirst: false).map { ($0.kind.rawValue, $0.detail) }
        placeB[y.items[j].id] = nodes.count
      }
      nodes.append(box)
    }
    addArrows(of: views.a.graph, placeA)
    addArrows(of: views.b.graph, placeB)
    // Arrows of either graph alone go forward; together they may not.
    edges.removeAll { $0.from >= $0.to }
  }

  /// The weights of a node in both models over one range.
  private static func histograms(
    _ first: NodeDescriber, _ id: NodeID, _ second: NodeDescriber, _ other: NodeID
  ) -> [Histogram] {
    var found: [Histogram] = []
    for (x, y) in zip(first.weightTensors(id), second.weightTensors(other)) {
      guard let p = x.tensor.floats, let q = y.tensor.floats, let a = Histogram("a", p),
        let b = Histogram("b", q)
      else { continue }
      let range =
        min(a.range.lowerBound, b.range.lowerBound)...max(a.range.upperBound, b.range.upperBound)
      found += [Histogram("a", p, range: range), Histogram("b", q, range: range)].compactMap { $0 }
    }
    return found
  }
}

/// Differences by the label of the node at which they are.
private struct HunksByNode {
  private var first: [String: [DiffHunk]] = [:]
  private var second: [String: [DiffHunk]] = [:]

  init(_ report: DiffReport) {
    for hunk in report.hunks where report.counts(hunk) && hunk.path.isEmpty {
      if let a = hunk.a { first[DiffHunk.node(a), default: []].append(hunk) }
      if let b = hunk.b { second[DiffHunk.node(b), default: []].append(hunk) }
    }
  }

  func of(_ label: String, isFirst: Bool) -> [DiffHunk] {
    (isFirst ? first : second)[label] ?? []
  }
}

/// Items of both graphs in one order that both allow, as far as one does.
private struct DiffOrder {
  enum Step {
    case both(Int, Int)
    case first(Int)
    case second(Int)
  }

  private(set) var steps: [Step] = []

  init(_ a: DiffGraph, _ b: DiffGraph, _ matcher: Matcher) {
    // Items are numbered over both: those of the first, then those of the second alone.
    var indexOfB = [Int](repeating: 0, count: b.items.count)
    var all: [Step] = a.items.indices.map { item in
      matcher.counterpart[item].map { .both(item, $0) } ?? .first(item)
    }
    for (item, origin) in matcher.origin.enumerated() {
      if let origin {
        indexOfB[item] = origin
      } else {
        indexOfB[item] = all.count
        all.append(.second(item))
      }
    }
    var readers = [[Int]](repeating: [], count: all.count)
    var waiting = [Int](repeating: 0, count: all.count)
    func add(_ graph: DiffGraph, _ number: (Int) -> Int) {
      for (item, node) in graph.items.enumerated() {
        for case .result(let producer, _) in node.inputs + node.captures {
          readers[number(producer)].append(number(item))
          waiting[number(item)] += 1
        }
      }
    }
    add(a) { $0 }
    add(b) { indexOfB[$0] }
    let keys = Self.keys(a, b, matcher, number: { indexOfB[$0] }, count: all.count)
    // Of the items that are ready the one that comes first in the first graph.
    var ready: [Int] = []
    func insert(_ item: Int) {
      var low = 0, high = ready.count
      while low < high {
        let middle = (low + high) / 2
        if (keys[ready[middle]], ready[middle]) > (keys[item], item) {
          low = middle + 1
        } else {
          high = middle
        }
      }
      ready.insert(item, at: low)
    }
    for item in waiting.indices where waiting[item] == 0 { insert(item) }
    var isDone = [Bool](repeating: false, count: all.count)
    var rest = 0
    while steps.count < all.count {
      // Where the graphs contradict each other, the first one's order goes on.
      if ready.isEmpty {
        while rest < all.count, isDone[rest] { rest += 1 }
        ready.append(rest)
      }
      guard let item = ready.popLast(), item < all.count else { break }
      guard !isDone[item] else { continue }
      isDone[item] = true
      steps.append(all[item])
      for reader in readers[item] {
        waiting[reader] -= 1
        if waiting[reader] == 0 { insert(reader) }
      }
    }
  }

  /// Places in the first graph's order; an item of the second alone comes right behind what it reads.
  private static func keys(
    _ a: DiffGraph, _ b: DiffGraph, _ matcher: Matcher, number: (Int) -> Int, count: Int
  ) -> [Double] {
    var keys = [Double](repeating: 0, count: count)
    for item in a.items.indices { keys[item] = Double(item) }
    for (item, node) in b.items.enumerated() where matcher.origin[item] == nil {
      var last = -1.0
      for case .result(let producer, _) in node.inputs + node.captures {
        last = max(last, keys[number(producer)])
      }
      keys[number(item)] = last + 1.0 / 4096
    }
    return keys
  }
}
