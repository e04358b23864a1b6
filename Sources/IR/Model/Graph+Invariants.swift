extension Graph {
  /// Checks everything that edits must keep true: unique producers that precede their consumers,
  /// uses that match inputs, declared names that exist. Linear in the size of the graph.
  ///
  /// - Parameter outerNames: names that an enclosing graph defines.
  /// - Throws: `ModelError` with code `invalid`, naming the node or value.
  public func checkInvariants(outerNames: Set<String> = []) throws(ModelError) {
    var check = InvariantCheck(self, outerNames)
    for id in order {
      guard let node = nodeTable[id.index] else { continue }
      try check.reads(id, node)
      try check.definitions(id, node)
      try check.subgraphs(id, node)
    }
    try check.outputs()
    try check.uses()
  }
}

/// What is known of a graph's values while its nodes are checked in order.
private struct InvariantCheck {
  private let graph: Graph
  private let outerNames: Set<String>
  /// Whether each value is defined by now.
  private var defined: [Bool]
  /// How often each value is read as an operand, captured or given out.
  private var useCount: [Int]

  init(_ graph: Graph, _ outerNames: Set<String>) {
    self.graph = graph
    self.outerNames = outerNames
    defined = Array(repeating: false, count: graph.valueTable.count)
    useCount = Array(repeating: 0, count: graph.valueTable.count)
    for info in graph.inputs { defined[info.value.index] = true }
    for id in graph.initializers + graph.sparseInitializers { defined[id.index] = true }
    for info in graph.outputs { useCount[info.value.index] += 1 }
  }

  private func isDefined(_ value: ValueID) -> Bool {
    defined[value.index] || outerNames.contains(graph[value].name)
  }

  mutating func reads(_ id: NodeID, _ node: Node) throws(ModelError) {
    for (slot, input) in node.inputs.enumerated() {
      guard let input else { continue }
      guard isDefined(input) else {
        throw ModelError(
          .invalid,
          "\(graph.label(id)), input \(slot): expected a value defined before the node, found '\(graph[input].name)'"
            + (graph[input].producer == nil
              ? ", which nothing defines" : ", which is produced later")
        )
      }
      useCount[input.index] += 1
    }
    for capture in node.captures {
      guard isDefined(capture) else {
        throw ModelError(
          .invalid,
          "\(graph.label(id)): expected a value defined before its subgraph reads it, found '\(graph[capture].name)'"
        )
      }
      useCount[capture.index] += 1
    }
  }

  mutating func definitions(_ id: NodeID, _ node: Node) throws(ModelError) {
    for output in node.outputs.compactMap({ $0 }) {
      guard graph[output].producer == id, !defined[output.index] else {
        throw ModelError(
          .invalid,
          "\(graph.label(id)): expected to be the only definition of '\(graph[output].name)', found another"
        )
      }
      defined[output.index] = true
    }
  }

  func subgraphs(_ id: NodeID, _ node: Node) throws(ModelError) {
    let subgraphs = node.subgraphs
    guard !subgraphs.isEmpty else { return }
    var names = outerNames
    for index in graph.valueTable.indices where defined[index] {
      names.insert(graph.valueTable[index].name)
    }
    for subgraph in subgraphs {
      try noting(graph.label(id)) { () throws(ModelError) in
        try subgraph.checkInvariants(outerNames: names)
      }
    }
  }

  func outputs() throws(ModelError) {
    for info in graph.outputs where !isDefined(info.value) {
      throw ModelError(
        .invalid,
        "graph output '\(graph[info.value].name)': expected a value that the graph defines, found none"
      )
    }
  }

  func uses() throws(ModelError) {
    for (index, value) in graph.valueTable.enumerated() {
      guard value.uses.count == useCount[index],
        value.uses.count < 2 || Set(value.uses).count == value.uses.count,
        value.uses.allSatisfy({ isReal($0, of: ValueID(index)) })
      else {
        throw ModelError(
          .invalid,
          "value '\(value.name)': expected its \(useCount[index]) uses to be recorded, found"
            + " \(value.uses.count) other ones")
      }
    }
  }

  /// Whether a recorded use is one.
  private func isReal(_ use: Use, of value: ValueID) -> Bool {
    switch use {
    case .input(let node, let slot):
      graph.contains(node) && graph[node].inputs[safe: slot] == .some(value)
    case .capture(let node): graph.contains(node) && graph[node].captures.contains(value)
    case .output(let index): graph.outputs[safe: index]?.value == value
    }
  }
}
