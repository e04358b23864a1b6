package import IR
package import Operators

/// A graph that patterns can look into: a model's while it is rewritten, or the steps of a session.
package protocol PatternGraph {
  /// The node that makes a value as its only output.
  func soleMaker(of value: ValueID) -> NodeID?
  /// The operator's type, for nodes of ONNX's own domain whose operands broadcast as they do from
  /// opset 7 on; nil for all others.
  mutating func kind(_ id: NodeID) -> String?
  /// The operator of a node; nil where it is not known.
  mutating func op(_ id: NodeID) -> (any Operator)?
  /// The inputs of a node, nil where one is left out.
  func operands(_ id: NodeID) -> [ValueID?]
  /// The outputs of a node that are there.
  func results(_ id: NodeID) -> [ValueID]
  /// Whether a value is a constant that nothing can override.
  func isConstant(_ value: ValueID) -> Bool
  /// The one element of such a constant.
  func number(_ value: ValueID?) -> Double?
  /// The elements of such a constant of integers.
  func integers(_ value: ValueID?) -> [Int]?
  /// The rank of a value; nil where it is not known before it is computed.
  func rank(_ value: ValueID?) -> Int?
  /// Whether a value may hold floats of a type in which numbers of a spelling are told apart.
  func mayHoldFloats(_ value: ValueID) -> Bool
  /// How reasons name a value.
  func name(_ value: ValueID) -> String
  /// Why a value between nodes that become one cannot go: somebody else than `readers` sees it.
  func obstacle(over value: ValueID, readers: Set<NodeID>?) -> String?
}

extension PatternGraph {
  /// Why the inner values of a match cannot go; nil where nothing but its own nodes sees them.
  package func obstacle(inside match: Match) -> String? {
    let nodes = Set(match.nodes)
    for id in match.nodes.dropFirst() {
      for value in results(id) {
        if let obstacle = obstacle(over: value, readers: nodes) { return obstacle }
      }
    }
    return nil
  }

  /// The largest rank among the constants of one element that a match has used: a value of a lower
  /// one would get more axes by them.
  package func leastRank(_ match: Match) -> Int {
    match.scalars.reduce(0) { max($0, rank($1) ?? 0) }
  }

  /// Why the nodes of a match cannot become one: a value between them is seen from elsewhere, or a
  /// constant would give the result more axes.
  package func obstacle(_ match: Match, rank wanted: Int?) -> String? {
    if let obstacle = obstacle(inside: match) { return obstacle }
    for scalar in match.scalars {
      let axes = rank(scalar) ?? 0
      guard axes > 0 else { continue }
      guard let wanted else { return "the rank of its input is not known" }
      if axes > wanted { return "'\(name(scalar))' has more axes than its input" }
    }
    return nil
  }
}

extension Rewriter: PatternGraph {
  package func soleMaker(of value: ValueID) -> NodeID? {
    graph[value].producer.flatMap { graph[$0].outputs.count == 1 ? $0 : nil }
  }

  package func operands(_ id: NodeID) -> [ValueID?] { graph[id].inputs }

  package func results(_ id: NodeID) -> [ValueID] { graph[id].outputs.compactMap { $0 } }

  package func isConstant(_ value: ValueID) -> Bool { constant(value) != nil }

  package func mayHoldFloats(_ value: ValueID) -> Bool { isFloat(value) }

  package func name(_ value: ValueID) -> String { graph[value].name }
}
