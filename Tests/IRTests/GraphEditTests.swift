import IR
import Testing

/// Edits keep producers, uses and captures right; `checkInvariants` sees when something is not.
@Suite struct GraphEditTests {
  /// `y = B(A(x), w)`
  private func chain() -> (graph: Graph, a: NodeID, b: NodeID) {
    var graph = Graph(name: "chain")
    let type = ValueType.tensor(TensorType(.float, [2]))
    let x = graph.addFreshValue("x", type: type)
    graph.addInput(ValueInfo(x, type: type))
    let w = graph.addInitializer("w", Tensor(floats: [1, 2], [2]))
    let middle = graph.addFreshValue("middle")
    let y = graph.addFreshValue("y")
    let a = graph.add(Node("A", name: "a", inputs: [x], outputs: [middle]))
    let b = graph.add(Node("B", name: "b", inputs: [middle, w], outputs: [y]))
    graph.addOutput(ValueInfo(y, type: type))
    return (graph, a, b)
  }

  @Test func edits() throws {
    var (graph, a, b) = chain()
    try graph.checkInvariants()
    let x = try #require(graph.value(named: "x")),
      middle = try #require(graph.value(named: "middle"))
    #expect(graph.onlyConsumer(of: middle) == b)
    graph.replaceInputs(of: middle, with: x)
    graph.remove(a)
    try graph.checkInvariants()
    #expect(graph[b].inputs.first == x)
    #expect(graph.nodeIDs == [b])
    #expect(graph[middle].uses.isEmpty && graph[middle].producer == nil)
  }

  @Test func namesStayUnique() throws {
    var (graph, _, _) = chain()
    let taken = graph.addValue(named: "x")
    #expect(taken == nil)
    let second = graph.addFreshValue("x"), third = graph.addFreshValue("x")
    #expect(graph[second].name == "x_2")
    #expect(graph[third].name == "x_3")
  }

  @Test("Many names after one stem are found without going through those before")
  func manyNames() throws {
    var graph = Graph()
    graph.addValue(named: "x_7")
    for _ in 0..<20_000 { _ = graph.addFreshValue("x") }
    #expect(graph.value(named: "x_20001") != nil && graph.value(named: "x_20002") == nil)
    // A copy counts on by itself.
    var copy = graph
    let first = graph.addFreshValue("x"), other = copy.addFreshValue("x")
    #expect(graph[first].name == copy[other].name)
  }

  @Test func order() throws {
    var (graph, a, b) = chain()
    let x = try #require(graph.value(named: "x")),
      middle = try #require(graph.value(named: "middle"))
    let late = graph.addFreshValue("late")
    let c = graph.add(Node("C", name: "c", inputs: [x], outputs: [late]))
    graph.setInput(a, slot: 0, to: late)
    let error = try #require(throws: ModelError.self) { try graph.checkInvariants() }
    #expect(
      error.message
        == "A 'a', input 0: expected a value defined before the node, found 'late', which is produced later"
    )
    try graph.sortTopologically()
    try graph.checkInvariants()
    #expect(graph.nodeIDs == [c, a, b])
    graph.setInput(c, slot: 0, to: middle)
    #expect(throws: ModelError.self) { try graph.sortTopologically() }
  }

  @Test("A subgraph's reading by name is a use of the outer value")
  func captures() throws {
    var (graph, a, _) = chain()
    let middle = try #require(graph.value(named: "middle"))
    var body = Graph(name: "body")
    let outer = body.addFreshValue("middle")
    let result = body.addFreshValue("result")
    body.add(Node("D", inputs: [outer], outputs: [result]))
    body.addOutput(ValueInfo(result, type: nil))
    #expect(body.freeNames == ["middle"])
    let z = graph.addFreshValue("z")
    let branch = graph.add(
      Node("If", inputs: [], outputs: [z], attributes: [Attribute("then_branch", .graph(body))]))
    #expect(graph.isCaptured(middle))
    #expect(graph[branch].captures == [middle])
    #expect(graph.onlyConsumer(of: middle) == nil)
    try graph.checkInvariants()
    graph.remove(branch)
    #expect(!graph.isCaptured(middle))
    #expect(graph.contains(a))
  }

  @Test func initializersAndInputs() throws {
    var (graph, _, _) = chain()
    let w = try #require(graph.value(named: "w"))
    #expect(graph.constant(w) != nil)
    graph.addInput(ValueInfo(w, type: .tensor(TensorType(.float, [2]))))
    #expect(graph.constant(w) == nil)
    #expect(graph.requiredInputs.count == 1)
    graph.initializersAreConstant = true
    #expect(graph.constant(w) != nil)
    graph.setInitializer(w, Tensor(floats: [1], [1]))
    #expect(graph.inputs[1].type == .tensor(TensorType(.float, [1])))
  }
}
