internal import IR
internal import Operators

/// One algebraic rewrite: a pattern of operators, its guards and the rewrite.
///
/// A rule looks at one node, the last of its pattern. It either does not match, or declines with a
/// reason because a guard fails, or rewrites the graph.
protocol FusionRule: Sendable {
  /// The rule's name on the command line, such as `fold-batch-normalization`.
  static var name: String { get }
  /// What the rule does, in one line.
  static var summary: String { get }
  init()
  /// Tries the rule at `node`; only `.applied` may come with a changed graph.
  func apply(at node: NodeID, in graph: inout Graph, _ context: FusionContext) throws(ModelError)
    -> FusionOutcome
}

/// What came of a rule at a node.
enum FusionOutcome {
  /// The pattern is not here.
  case noMatch
  /// The pattern is here but a guard forbids the rewrite.
  case declined(String)
  /// The graph was rewritten; the text says how, and `survivor` carries the record of it.
  case applied(String, survivor: NodeID)
}

/// What rules may ask besides the graph.
struct FusionContext {
  /// The version of ONNX's own operator set.
  let opset: Int
}

extension Graph {
  /// Why two nodes cannot become one over `value`, which the first produces for the second; nil
  /// when they can.
  func obstacle(toFusingOver value: ValueID) -> String? {
    if isOutput(value) { return "'\(self[value].name)' is also a graph output" }
    if isCaptured(value) { return "a subgraph reads '\(self[value].name)'" }
    if self[value].uses.count > 1 {
      return "'\(self[value].name)' has \(self[value].uses.count) readers"
    }
    return nil
  }

  /// Gives a node's input a new constant: in place when nothing else reads the old one, else as a
  /// new initializer beside it.
  mutating func replaceConstant(_ node: NodeID, slot: Int, stem: String, with tensor: Tensor) {
    if let old = self[node].inputs[safe: slot] ?? nil, self[old].uses.count == 1,
      self[old].initializer != nil, !isInput(old)
    {
      setInitializer(old, tensor)
    } else {
      setInput(node, slot: slot, to: addInitializer(stem, tensor))
    }
  }

  /// Notes in the surviving node's metadata which node a rule absorbed, so that a diff can tell.
  mutating func recordFusion(rule: String, of absorbed: String, into survivor: NodeID) {
    let key = "lapidary.fused"
    let entry = "\(rule): \(absorbed)"
    if let place = self[survivor].metadata.firstIndex(where: { $0.key == key }) {
      self[survivor].metadata[place].value =
        (self[survivor].metadata[place].value ?? "") + "; " + entry
    } else {
      self[survivor].metadata.append(MetadataEntry(key: key, value: entry))
    }
  }
}
