package import IR
internal import Operators

extension Picture {
  /// The main graph of a model: nodes that are no constants, with attributes, types and statistics of
  /// weights.
  package init(_ model: Model) {
    self.init()
    let describer = NodeDescriber(model)
    var placeOf: [NodeID: Int] = [:]
    for id in model.graph.nodeIDs where !describer.isConstant(id) {
      placeOf[id] = nodes.count
      nodes.append(describer.node(id, weights: ""))
    }
    addArrows(of: model.graph, placeOf)
  }

  /// Arrows between nodes that have a place.
  mutating func addArrows(of graph: Graph, _ placeOf: [NodeID: Int]) {
    var seen = Set(edges.map { [$0.from, $0.to] })
    for id in graph.nodeIDs {
      guard let to = placeOf[id] else { continue }
      for value in graph[id].inputs.compactMap({ $0 }) + graph[id].captures {
        guard let producer = graph[value].producer, let from = placeOf[producer],
          seen.insert([from, to]).inserted
        else { continue }
        edges.append((from, to, graph[value].tensorType.map { "\($0)" } ?? ""))
      }
    }
  }
}

/// What a picture says of single nodes of a model.
struct NodeDescriber {
  private let graph: Graph
  private let facts: TypedGraph?
  private let constants: Set<NodeID>

  /// Elements of a weight up to which it is read for its statistics.
  private static let largest = 1 << 27

  init(_ model: Model) {
    let facts = try? inferTypes(model)
    self.facts = facts
    graph = facts?.graph ?? model.graph
    var constants: Set<NodeID> = []
    for id in model.graph.nodeIDs {
      let node = model.graph[id]
      if node.inputs.isEmpty, node.outputs.count == 1, node.subgraphs.isEmpty {
        constants.insert(id)
      }
    }
    self.constants = constants
  }

  /// Whether a node only states a constant.
  func isConstant(_ id: NodeID) -> Bool { constants.contains(id) }

  /// A box for a node.
  ///
  /// - Parameter weights: whose weights they are, for the headings of histograms.
  func node(_ id: NodeID, weights: String) -> Picture.Item {
    let node = graph[id]
    let name = node.name.flatMap { $0.isEmpty ? nil : $0 }
    var found = Picture.Item(title: "\(node.op)", name: name ?? outputName(node))
    found.details.append(("operator", "\(node.op)"))
    found.details.append(("name", name ?? "none"))
    for attribute in node.attributes {
      found.details.append((attribute.name, attribute.value.brief))
    }
    for (slot, input) in node.inputs.enumerated() {
      if let input { found.details.append(("input \(slot)", describe(input))) }
    }
    for (slot, output) in node.outputs.enumerated() {
      if let output { found.details.append(("output \(slot)", describe(output))) }
    }
    found.subtitle = subtitle(node)
    found.histograms = weightTensors(id).compactMap { name, tensor in
      tensor.floats.flatMap { Histogram(weights.isEmpty ? name : weights, $0) }
    }
    return found
  }

  /// The floating-point weights of a node by the names of their values.
  func weightTensors(_ id: NodeID) -> [(name: String, tensor: Tensor)] {
    graph[id].inputs.compactMap { input in
      guard let input, let tensor = graph.constant(input), tensor.dimensions.count > 1,
        tensor.count > 1, tensor.count <= Self.largest, !tensor.isAbsent,
        tensor.elementType.isFloatingPoint
      else { return nil }
      return (graph[input].name, tensor)
    }
  }

  private func outputName(_ node: Node) -> String {
    node.outputs.compactMap { $0 }.first.map { graph[$0].name } ?? ""
  }

  private func describe(_ id: ValueID) -> String {
    let value = graph[id]
    let type = value.initializer.map { "\($0.type)" } ?? value.type.map { "\($0)" } ?? "?"
    return "\(value.name): \(type)" + (value.initializer != nil ? ", constant" : "")
  }

  /// The shape of the largest weight, else that of the result.
  private func subtitle(_ node: Node) -> String {
    let weights = node.inputs.compactMap { $0.flatMap { graph[$0].initializer } }
      .filter { $0.dimensions.count > 1 }
    if let largest = weights.max(by: { $0.count < $1.count }) {
      return largest.dimensions.map(String.init).joined(separator: "×")
    }
    guard let shape = node.outputs.first?.flatMap({ graph[$0].tensorType?.shape }) else {
      return ""
    }
    return shape.dimensions.map { "\($0)" }.joined(separator: "×")
  }
}
