internal import IR
internal import Operators

extension Model {
  /// Spells products of two matrices with factors and an addend as the product alone and what is done to
  /// it, as it is where there are more than two axes.
  ///
  /// - Returns: whether there were any.
  mutating func evenProducts() -> Bool {
    guard let facts = try? inferTypes(self) else { return false }
    var isChanged = false
    for id in facts.graph.nodeIDs {
      guard case .product(.matrices(let form), of: .plain)? = facts.op(id)?.computation,
        let left = graph[id].inputs[safe: 0] ?? nil, let right = graph[id].inputs[safe: 1] ?? nil,
        let result = graph[id].outputs.first ?? nil,
        form.isPlain || facts.operand(result).type.elementType == .float
      else { continue }
      var steps = ProductSteps(graph, id)
      let rows = form.transposesLeft ? steps.turned(left) : left
      let columns = form.transposesRight ? steps.turned(right) : right
      let product = steps.product(rows, columns)
      var sum = steps.scaled(product, by: form.alpha)
      if let addend = graph[id].inputs[safe: 2] ?? nil, form.beta != 0 {
        let shift = steps.scaled(addend, by: form.beta)
        sum = steps.sum(sum, shift)
      }
      steps.finish(sum, result)
      graph = steps.graph
      isChanged = true
    }
    return isChanged
  }
}

/// What takes the place of one node, in steps before it.
private struct ProductSteps {
  private(set) var graph: Graph
  private let id: NodeID
  private var last: NodeID?

  init(_ graph: Graph, _ id: NodeID) {
    self.graph = graph
    self.id = id
  }

  private mutating func step(_ stem: String, _ node: (ValueID) -> Node) -> ValueID {
    let output = graph.addFreshValue("\(graph.label(id))_\(stem)")
    var node = node(output)
    node.name = graph[id].name
    last = graph.add(node, before: id)
    return output
  }

  /// A matrix with rows and columns exchanged: a constant at once.
  mutating func turned(_ matrix: ValueID) -> ValueID {
    if let constant = graph.constant(matrix), let turned = constant.turned {
      return graph.addInitializer("\(graph[matrix].name)_straight", turned)
    }
    return step("turned") { SurgeryNodes.transpose(matrix, [1, 0], into: $0, name: "") }
  }

  mutating func product(_ left: ValueID, _ right: ValueID) -> ValueID {
    step("product") { ProductNodes.product(left, right, into: $0) }
  }

  mutating func scaled(_ value: ValueID, by factor: Float) -> ValueID {
    guard factor != 1 else { return value }
    let number = graph.addInitializer("factor", Tensor(floats: [factor], []))
    return step("scaled") { SurgeryNodes.multiply(value, number, into: $0, name: "") }
  }

  mutating func sum(_ a: ValueID, _ b: ValueID) -> ValueID {
    step("sum") { SurgeryNodes.add(a, b, into: $0, name: "") }
  }

  /// Puts the last step in the node's place.
  mutating func finish(_ value: ValueID, _ result: ValueID) {
    graph.setOutput(id, slot: 0, to: nil)
    if let last { graph.setOutput(last, slot: 0, to: result) }
    graph.remove(id)
  }
}
