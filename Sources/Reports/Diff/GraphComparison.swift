internal import IR
internal import Operators

/// Compares two graphs whose items have been paired, and says what differs.
///
/// The pairing only proposes; every attribute, operand and constant of every pair is compared here,
/// so a report without differences is a proof.
final class GraphComparison {
  let a: DiffGraph
  let b: DiffGraph
  let matcher: Matcher
  private let parent: GraphComparison?
  let path: [String]
  /// How channels correspond, where that has been found out; shapes then follow from it.
  let correspondence: Correspondence?
  var hunks: [DiffHunk] = []
  private(set) var matchedNodes = 0
  let layersA: LayerNames
  let layersB: LayerNames
  var comparedConstants: Set<[Int]> = []
  private var renamedValues: Set<ValueID> = []
  /// What the second graph's nodes record about nodes that a fusion rule absorbed, by label.
  private lazy var absorbers = b.recordedFusions

  /// - Parameter facts: what is known of the first graph's types, for finding out how channels
  ///   correspond; nil to compare shapes as they are.
  init(
    _ a: DiffGraph, _ b: DiffGraph, path: [String], parent: GraphComparison? = nil,
    facts: (a: TypedGraph, b: TypedGraph)? = nil, ranges: QuantizedRanges? = nil
  ) {
    self.a = a
    self.b = b
    self.path = path
    self.parent = parent
    let matcher = Matcher(a, b)
    self.matcher = matcher
    correspondence = facts.map { Correspondence(a, b, matcher, $0) }
    let clamped =
      facts.flatMap { facts in ranges.map { $0.absorbed(a, facts.a, b, matcher) } } ?? [:]
    layersA = LayerNames(a)
    layersB = LayerNames(b)
    compareInputs()
    if parent == nil, path.isEmpty {
      // Their names are compared as the interface, not as names of values.
      renamedValues.formUnion(a.graph.outputs.map(\.value))
    }
    for (item, other) in matcher.counterpart.enumerated() {
      if let other {
        matchedNodes += 1
        let start = hunks.count
        compare(item, other)
        sign(from: start, item, other)
      } else {
        let start = hunks.count
        defer { sign(from: start, item, nil) }
        if let change = clamped[item] {
          report(.folded, a.label(item), nil, change)
          continue
        }
        let fate = absorbers[a.label(item)]
        report(.removed, a.label(item), nil, surroundings(a, item, fate: fate))
      }
    }
    for (item, other) in matcher.origin.enumerated() where other == nil {
      let start = hunks.count
      report(.inserted, nil, b.label(item), surroundings(b, item))
      sign(from: start, nil, item)
    }
    compareOutputs()
    compareOrder()
    compareTexts()
  }

  func report(
    _ kind: DiffHunk.Kind, _ a: String?, _ b: String?, _ change: DiffHunk.Change
  ) {
    hunks.append(DiffHunk(kind: kind, path: path, a: a, b: b, change: change))
  }

  func rename(_ kind: String, _ x: String?, _ y: String?) {
    let x = x ?? "", y = y ?? ""
    guard x != y else { return }
    report(.renamed, "\(kind) '\(x)'", "\(kind) '\(y)'", .none)
  }

  private func renameValue(_ x: ValueID, _ y: ValueID) {
    guard renamedValues.insert(x).inserted else { return }
    rename("value", a.graph[x].name, b.graph[y].name)
  }

  /// Runtimes feed and fetch by name: another name of the model's input or output is another
  /// interface. In a body or function, names are nobody's business.
  private func renamePort(_ kind: String, _ index: Int, _ x: ValueID, _ y: ValueID) {
    let p = a.graph[x].name, q = b.graph[y].name
    guard parent == nil, path.isEmpty else {
      guard renamedValues.insert(x).inserted else { return }
      return rename("graph \(kind)", p, q)
    }
    renamedValues.insert(x)
    guard p != q else { return }
    let place = "graph \(kind) \(index)"
    report(.io, place, place, .text("name", from: p, to: q))
  }

  /// What a node without a counterpart reads, and what reads it.
  private func surroundings(
    _ graph: DiffGraph, _ item: Int, fate: String? = nil
  ) -> DiffHunk.Change {
    let reads = graph.items[item].inputs.filter { $0 != .none }.map { graph.name($0) }
    var readers: [String] = []
    for consumer in graph.items[item].consumers where !readers.contains(graph.label(consumer.item))
    {
      readers.append(graph.label(consumer.item))
    }
    readers += graph.items[item].graphOutputs.map { "graph output \($0.index)" }
    return .surroundings(reads: reads, readBy: readers, fate: fate)
  }

  // MARK: Sources

  /// Whether two operands are the same value; constants are compared elsewhere.
  func areSame(_ x: DiffGraph.Source, _ y: DiffGraph.Source) -> Bool {
    switch (x, y) {
    case (.none, .none), (.constant, .constant): true
    case (.input(let i), .input(let j)), (.sparse(let i), .sparse(let j)): i == j
    case (.result(let i, let m), .result(let j, let n)): matcher.counterpart[i] == j && m == n
    case (.outer(let p), .outer(let q)):
      parent.map { $0.areSame($0.a.source(named: p), $0.b.source(named: q)) } ?? (p == q)
    default: false
    }
  }

  /// Whether a source's item has no counterpart, which is reported by itself.
  func isExplained(_ x: DiffGraph.Source, _ y: DiffGraph.Source) -> Bool {
    if case .result(let item, _) = x, matcher.counterpart[item] == nil { return true }
    if case .result(let item, _) = y, matcher.origin[item] == nil { return true }
    return false
  }

  // MARK: Items

  private func compare(_ i: Int, _ j: Int) {
    let x = a.items[i], y = b.items[j]
    let nodeA = a.graph[x.id], nodeB = b.graph[y.id]
    let labelA = a.label(i), labelB = b.label(j)
    rename("\(x.op)", nodeA.name, nodeB.name)
    compareAttributes(x, y, labelA, labelB)
    compareOperands(x, y, labelA, labelB)
    compareResults(nodeA, nodeB, labelA, labelB)
    if nodeA.overload ?? "" != nodeB.overload ?? "" {
      report(
        .attribute, labelA, labelB,
        .text("overload", from: nodeA.overload ?? "", to: nodeB.overload ?? ""))
    }
    if nodeA.docString ?? "" != nodeB.docString ?? "" {
      report(.metadata, labelA, labelB, .said("documentation"))
    }
    // What was removed of a layer is said of its channels.
    let entries = [nodeA, nodeB].map { $0.metadata.filter { $0.key != ChannelRecord.key } }
    if entries[0] != entries[1] {
      report(.metadata, labelA, labelB, .said("metadata"))
    }
    for child in x.children {
      guard let other = y.children.first(where: { child.isAt($0) }) else {
        report(.attribute, labelA, labelB, .said("graph '\(child.attribute)' → none"))
        continue
      }
      let inner = GraphComparison(
        child.graph, other.graph, path: path + ["\(labelA).\(child.attribute)"], parent: self)
      hunks += inner.hunks
      matchedNodes += inner.matchedNodes
    }
    for child in y.children where !x.children.contains(where: { child.isAt($0) }) {
      report(.attribute, labelA, labelB, .said("graph none → '\(child.attribute)'"))
    }
  }

  private func compareAttributes(
    _ x: DiffGraph.Item, _ y: DiffGraph.Item, _ labelA: String, _ labelB: String
  ) {
    for change in attributeChanges(
      x.attributes, y.attributes, defaults: (x.defaults, y.defaults))
    {
      report(.attribute, labelA, labelB, change.change)
    }
  }

  private func compareResults(_ nodeA: Node, _ nodeB: Node, _ labelA: String, _ labelB: String) {
    for slot in 0..<max(nodeA.outputs.count, nodeB.outputs.count) {
      let x = nodeA.outputs[safe: slot] ?? nil, y = nodeB.outputs[safe: slot] ?? nil
      // An output that only one side asks for makes a difference to its readers alone.
      guard let x, let y else { continue }
      renameValue(x, y)
      guard operandsAgree(nodeA, nodeB) else { continue }
      compareDeclared(
        a.graph[x].tensorType, b.graph[y].tensorType, "\(labelA), output \(slot)",
        "\(labelB), output \(slot)")
    }
  }

  /// Whether no declared type of a dynamic operand differs, so that a different result starts here.
  private func operandsAgree(_ nodeA: Node, _ nodeB: Node) -> Bool {
    zip(nodeA.inputs, nodeB.inputs).allSatisfy { x, y in
      guard let x, let y, let p = a.graph[x].tensorType, let q = b.graph[y].tensorType else {
        return true
      }
      return !p.contradicts(q)
    }
  }

  private func compareDeclared(
    _ x: TensorType?, _ y: TensorType?, _ placeA: String, _ placeB: String
  ) {
    guard correspondence == nil, let x, let y, x.contradicts(y) else { return }
    let isShape = x.elementType == y.elementType
    report(isShape ? .shape : .elementType, placeA, placeB, .replaced(from: "\(x)", to: "\(y)"))
  }

  // MARK: The graph

  private func compareInputs() {
    if parent != nil, a.inputs.count != b.inputs.count {
      report(.io, nil, nil, .count(of: "inputs", from: a.inputs.count, to: b.inputs.count))
    }
    for (index, (x, y)) in zip(a.inputs, b.inputs).enumerated() {
      renamePort("input", index, x.value, y.value)
      let p = a.graph[x.value].initializer, q = b.graph[y.value].initializer
      let place = "default of graph input \(index) '\(a.graph[x.value].name)'"
      switch (p, q) {
      case (let p?, let q?):
        for change in tensorChanges(p, q, equal: p.contentHash == q.contentHash) {
          report(change.kind, place, place, change.change)
        }
      case (nil, nil): break
      default:
        let words = ["none", "given"]
        report(
          .io, place, place,
          .replaced(from: words[p == nil ? 0 : 1], to: words[p == nil ? 1 : 0]))
      }
    }
  }

  private func compareOutputs() {
    for (index, (x, y)) in zip(a.outputs, b.outputs).enumerated() {
      let place = "graph output \(index)"
      renamePort("output", index, a.graph.outputs[index].value, b.graph.outputs[index].value)
      compareOperand(x, y, place, place)
    }
    guard parent != nil, a.outputs.count != b.outputs.count else { return }
    report(.io, nil, nil, .count(of: "outputs", from: a.outputs.count, to: b.outputs.count))
  }

  /// Reports the fewest items whose removal leaves both graphs in the same order.
  private func compareOrder() {
    let places = matcher.counterpart.enumerated().compactMap { i, j in
      j.map { (item: i, place: $0) }
    }
    let kept = longestRise(places.map(\.place))
    for (index, (item, place)) in places.enumerated() where !kept.contains(index) {
      report(.moved, a.label(item), b.label(place), .position(from: item, to: place))
    }
  }

  private func compareTexts() {
    if path.isEmpty { rename("graph", a.graph.name, b.graph.name) }
    let what = "graph"
    if a.graph.docString ?? "" != b.graph.docString ?? "" {
      report(.metadata, what, what, .said("documentation"))
    }
    if a.graph.metadata != b.graph.metadata {
      report(.metadata, what, what, .said("metadata"))
    }
    let sparse = !a.graph.sparseInitializers.isEmpty || !b.graph.sparseInitializers.isEmpty
    if a.graph.extras != b.graph.extras {
      report(
        sparse ? .weight : .metadata, what, what,
        .said(sparse ? "sparse initializers" : "other fields"))
    }
  }
}

extension DiffGraph.Child {
  /// Whether both are held by the same attribute.
  fileprivate func isAt(_ other: DiffGraph.Child) -> Bool {
    attribute == other.attribute && index == other.index
  }
}

/// Positions of a longest rising subsequence of distinct numbers, in O(n log n).
private func longestRise(_ values: [Int]) -> Set<Int> {
  var tails: [Int] = []
  var previous = [Int?](repeating: nil, count: values.count)
  for (index, value) in values.enumerated() {
    var low = 0, high = tails.count
    while low < high {
      let middle = (low + high) / 2
      if values[tails[middle]] < value { low = middle + 1 } else { high = middle }
    }
    previous[index] = low > 0 ? tails[low - 1] : nil
    if low == tails.count { tails.append(index) } else { tails[low] = index }
  }
  var kept: Set<Int> = []
  var next = tails.last
  while let index = next {
    kept.insert(index)
    next = previous[index]
  }
  return kept
}
