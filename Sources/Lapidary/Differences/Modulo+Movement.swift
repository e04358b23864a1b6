internal import IR
internal import Operators

extension Model {
  /// Spells what only moves elements in one way: parts of a tensor as slices of it, and reshapes and
  /// transpositions in a row as one reshape, one transposition and one reshape at most, with targets
  /// that leave the first length open.
  ///
  /// - Returns: whether anything changed.
  mutating func evenMovement() -> Bool {
    let isCut = bringMovement { $0.cut() }
    return bringMovement { $0.reorder() } || isCut
  }

  /// Takes reshapes behind operators that do not ask how elements were divided into axes.
  ///
  /// - Returns: whether anything changed.
  mutating func sinkReshapes() -> Bool {
    let isSpelled = bringMovement { $0.spellLengths() }
    var rounds = 0
    while rounds < Self.rounds, bringMovement({ $0.sink() }) { rounds += 1 }
    return isSpelled || rounds > 0
  }

  /// How many movements in a row are taken behind an operator.
  private static let rounds = 8

  private mutating func bringMovement(_ step: (inout MovementForm) -> Void) -> Bool {
    guard let version = opset(), version >= MovementNodes.firstOpset,
      let facts = try? inferTypes(self)
    else { return false }
    var form = MovementForm(graph, facts)
    step(&form)
    graph = form.graph
    return form.isChanged
  }
}

/// A graph on its way to one spelling of what moves elements.
struct MovementForm {
  var graph: Graph
  var isChanged = false
  let facts: TypedGraph
  /// Lists of lengths that were spelled.
  var lists: [[Part]: ValueID] = [:]
  /// Numbers that stand for named lengths: primes, so that no other length shares a factor with them.
  private var stand: [String: Int] = [:]
  private static let primes = [
    100_003, 100_019, 100_043, 100_049, 100_057, 100_069, 100_103, 100_109, 100_129, 100_151,
    100_153, 100_169, 100_183, 100_189, 100_193, 100_207, 100_213, 100_237, 100_267, 100_271,
  ]

  init(_ graph: Graph, _ facts: TypedGraph) {
    self.graph = graph
    self.facts = facts
  }

  // MARK: Parts

  /// Spells parts of tensors as slices, each by itself.
  mutating func cut() {
    for id in facts.graph.nodeIDs {
      guard let op = facts.op(id) as? any Cutting, let source = graph[id].inputs.first ?? nil,
        let parts = op.cuts(facts.inputs(id), facts.outputs(id)),
        parts.count == graph[id].outputs.count
      else { continue }
      let outputs = graph[id].outputs
      let name = graph[id].name
      guard parts.allSatisfy({ !$0.isEmpty }) else { continue }
      for slot in outputs.indices { graph.setOutput(id, slot: slot, to: nil) }
      for (output, ranges) in zip(outputs, parts) {
        guard let output else { continue }
        var node = MovementNodes.slice(
          source, starts: constant(ranges.map(\.start)),
          ends: constant(ranges.map { $0.start + $0.length }), axes: constant(ranges.map(\.axis)),
          into: output)
        node.name = name
        graph.add(node, before: id)
      }
      graph.remove(id)
      isChanged = true
    }
  }

  mutating func constant(_ numbers: [Int]) -> ValueID {
    graph.addInitializer("movement", Tensor(int64: numbers, [numbers.count]))
  }

  // MARK: Order

  /// Spells reshapes and transpositions in a row in one way.
  mutating func reorder() {
    for id in facts.graph.nodeIDs {
      guard moves(id), let result = graph[id].outputs.first ?? nil,
        graph.isOutput(result) || graph.isCaptured(result)
          || graph[result].uses.contains(where: { $0.node.map { !moves($0) } ?? true })
      else { continue }
      respell(id, result)
    }
  }

  func moves(_ id: NodeID) -> Bool {
    guard let op = facts.op(id) else { return false }
    if op is any Reshaping { return true }
    if case .transposition? = op.computation { return true }
    return false
  }

  private mutating func respell(_ id: NodeID, _ result: ValueID) {
    guard var source = facts.graph[id].inputs.first ?? nil else { return }
    // Back to where elements were not moved yet.
    var chain = [id]
    while let producer = facts.graph[source].producer, moves(producer),
      let above = facts.graph[producer].inputs.first ?? nil
    {
      chain.append(producer)
      source = above
    }
    chain.reverse()
    guard chain.count > 1 || facts.op(id) is any Reshaping,
      let from = lengths(source), let to = lengths(result)
    else { return }
    var order = ElementOrder(from)
    for node in chain {
      guard follow(node, &order) else { return }
    }
    write(order, source, from, to, at: id, result)
  }

  private mutating func follow(_ id: NodeID, _ order: inout ElementOrder) -> Bool {
    guard let op = facts.op(id), let output = facts.graph[id].outputs.first ?? nil else {
      return false
    }
    if case .transposition(let given)? = op.computation {
      let permutation = given ?? Array(order.axes.indices.reversed())
      guard permutation.count == order.axes.count else { return false }
      order.transpose(permutation)
      return true
    }
    guard let lengths = lengths(output) else { return false }
    return order.reshape(lengths)
  }

  /// The lengths of a value, named ones as numbers that stand for them.
  private mutating func lengths(_ value: ValueID) -> [Int]? {
    facts.operand(value).type.shape.flatMap { lengths($0) }
  }

  /// The lengths of a shape; nil also where there are more elements than a number can count.
  mutating func lengths(_ shape: Shape) -> [Int]? {
    var count = 1
    var found: [Int] = []
    for dimension in shape.dimensions {
      guard let length = length(dimension), length > 0 else { return nil }
      let product = count.multipliedReportingOverflow(by: length)
      guard !product.overflow else { return nil }
      count = product.partialValue
      found.append(length)
    }
    return found
  }

  /// A length as a number. What is a product of named lengths is one of the numbers that stand for them;
  /// sums and quotients have numbers of their own.
  private mutating func length(_ dimension: Dimension) -> Int? {
    guard case .symbolic(let expression) = dimension else { return dimension.value }
    let symbols = expression.symbols.sorted()
    guard symbols.allSatisfy({ stands(for: $0) != nil }) else { return nil }
    let factor = symbols.reduce(1) { product, symbol in
      let found = product.multipliedReportingOverflow(by: stand[symbol] ?? 1)
      return found.overflow ? 0 : found.partialValue
    }
    if factor > 0, let length = dimension.substituting(stand).value, length % factor == 0 {
      return length
    }
    return stands(for: "\(dimension)")
  }

  /// The number that stands for something; nil where there are no more.
  private mutating func stands(for name: String) -> Int? {
    if stand[name] == nil, stand.count < Self.primes.count {
      stand[name] = Self.primes[stand.count]
    }
    return stand[name]
  }

  private mutating func write(
    _ order: ElementOrder, _ source: ValueID, _ from: [Int], _ to: [Int], at id: NodeID,
    _ result: ValueID
  ) {
    let runs = order.runs
    let sorted = runs.indices.sorted { runs[$0].stride > runs[$1].stride }
    let inner = sorted.map { runs[$0].length }
    let permutation = runs.indices.map { sorted.firstIndex(of: $0) ?? 0 }
    let isOrdered = permutation == Array(permutation.indices)
    let turned = runs.map(\.length)
    let before = isOrdered ? from : turned
    guard let middle = target(inner, from: from), let end = target(to, from: before) else { return }
    let name = graph[id].name
    graph.setOutput(id, slot: 0, to: nil)
    var value = source
    var steps: [(target: [Int]?, order: [Int]?)] = []
    if !isOrdered, let whole = order.permutation(of: from) {
      steps.append((nil, whole))
    } else if !isOrdered {
      if inner != from { steps.append((middle, nil)) }
      steps.append((nil, permutation))
      if turned != to { steps.append((end, nil)) }
    } else {
      steps.append((end, nil))
    }
    for (index, step) in steps.enumerated() {
      let isLast = index == steps.count - 1
      let output =
        isLast ? result : graph.addFreshValue("\(facts.graph[result].name)_moved")
      var node: Node
      if let order = step.order {
        node = SurgeryNodes.transpose(value, order, into: output, name: "")
      } else {
        node = MovementNodes.reshape(value, constant(step.target ?? []), into: output)
      }
      node.name = name
      graph.add(node, before: id)
      value = output
    }
    graph.remove(id)
    isChanged = true
  }

  /// A target of Reshape for lengths: the one that is no number is left open, else the first. Where there
  /// are more, those that stay at their axes are said to.
  func target(_ lengths: [Int], from: [Int]) -> [Int]? {
    let standing = Set(stand.values)
    var open = lengths.indices.filter { index in standing.contains { lengths[index] % $0 == 0 } }
    var target = lengths
    if open.count > 1 {
      for place in open where from[safe: place] == lengths[place] { target[place] = 0 }
      open.removeAll { target[$0] == 0 }
    }
    guard open.count <= 1 else { return nil }
    if let place = open.first ?? (target.contains(0) ? nil : lengths.indices.first) {
      target[place] = -1
    }
    return target
  }
}
