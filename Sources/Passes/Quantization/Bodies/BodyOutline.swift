internal import IR
internal import Operators

/// A body of a node as a model of its own, so that whatever rewrites models rewrites bodies: what it
/// reads of the graph around it are further inputs, or constants.
struct BodyOutline {
  /// The node that runs the body.
  let node: NodeID
  /// The place among the operator's bodies.
  let body: Int
  /// The attribute that holds the body.
  let attribute: String
  /// What messages call the body.
  let label: String
  /// The body with inputs for what it reads.
  let model: Model
  /// The body's own inputs, as it declares them.
  private let inputs: [ValueInfo]
  /// The constants of the graph around it that it reads, by name.
  private let constants: [String: Tensor]
  /// Whether initializers of the body are inputs too, as it is.
  private let initializersAreConstant: Bool

  /// The bodies that the nodes of a model's graph run, those of functions not included.
  ///
  /// - Parameter excluded: names or patterns of nodes, outputs or operators whose bodies are left out.
  static func all(
    _ facts: TypedGraph, in model: Model, excluding excluded: [String] = []
  ) -> [BodyOutline] {
    let globs = excluded.map { Glob($0) }
    return facts.graph.nodeIDs.flatMap { id -> [BodyOutline] in
      guard let op = facts.op(id), !op.bodies.isEmpty else { return [] }
      let names = facts.graph.names(of: id)
      guard !globs.contains(where: { names.contains(where: $0.matches) }) else { return [] }
      let typed = facts.bodies(id)
      return op.bodies.enumerated().compactMap { index, body in
        guard body.function == nil else { return nil }
        return BodyOutline(id, index, body, typed[safe: index]?.graph, facts, model)
      }
    }
  }

  private init(
    _ id: NodeID, _ index: Int, _ body: Body, _ typed: Graph?, _ facts: TypedGraph, _ model: Model
  ) {
    node = id
    self.body = index
    attribute = body.name
    label = "\(facts.graph.label(id)), attribute '\(body.name)'"
    inputs = body.graph.inputs
    initializersAreConstant = body.graph.initializersAreConstant
    var graph = body.graph
    graph.initializersAreConstant = false
    for (place, info) in inputs.enumerated() where info.type?.tensor?.shape == nil {
      if let type = typed?[info.value].type { graph.setInputType(place, type) }
    }
    var constants: [String: Tensor] = [:]
    for name in graph.freeNames {
      guard let inner = graph.value(named: name), let outer = facts.graph.value(named: name) else {
        continue
      }
      if let tensor = facts.graph.constant(outer) {
        graph.setInitializer(inner, tensor)
        constants[name] = tensor
      } else {
        graph.addInput(ValueInfo(inner, type: facts.graph[outer].type))
      }
    }
    self.constants = constants
    var own = model
    own.graph = graph
    self.model = own
  }

  /// Puts a rewritten body in the place of the present one.
  ///
  /// - Parameters:
  ///   - rewritten: what was made of `model`: inputs and outputs are the same.
  ///   - model: the model, whose node is there and whose values have kept their names.
  ///   - reserved: names of the graphs around the model's, which no value of the body may have.
  func replace(
    by rewritten: Model, in model: inout Model, reserved: Set<String>
  ) throws(ModelError) {
    var graph = rewritten.graph
    graph.initializersAreConstant = initializersAreConstant
    graph.setInputs(
      zip(inputs, graph.inputs).map { declared, present in
        var info = declared
        info.value = present.value
        return info
      })
    for (name, tensor) in constants {
      guard let inner = graph.value(named: name), graph[inner].initializer == tensor,
        let outer = model.graph.value(named: name), model.graph.constant(outer) == tensor
      else { continue }
      graph.setInitializer(inner, nil)
    }
    try graph.rename(
      away: reserved.union(model.graph.names), keeping: Set(graph.freeNames))
    try model.graph.updateSubgraphs(of: node) { attributes in
      for place in attributes.indices where attributes[place].name == attribute {
        attributes[place].value = .graph(graph)
      }
    }
    for needed in rewritten.opsetImports
    where model.opset(of: needed.domain ?? "") == nil {
      model.opsetImports.append(needed)
    }
  }
}

extension Graph {
  /// The names of all values that something makes, reads or holds.
  var names: Set<String> {
    Set(
      valueIDs.lazy.map { self[$0] }.filter {
        $0.producer != nil || $0.initializer != nil || $0.isInput || !$0.uses.isEmpty
      }.map(\.name))
  }

  /// Gives values whose names are taken others.
  ///
  /// - Parameters:
  ///   - kept: names of values of a graph around this one, which stay.
  fileprivate mutating func rename(
    away taken: Set<String>, keeping kept: Set<String>
  ) throws(ModelError) {
    let own = names
    for id in valueIDs where own.contains(self[id].name) && !kept.contains(self[id].name) {
      let name = self[id].name
      guard taken.contains(name) else { continue }
      var number = 2
      while taken.contains("\(name)_\(number)") || !isFree("\(name)_\(number)") { number += 1 }
      try rename(id, to: "\(name)_\(number)")
    }
  }
}
