internal import IR
internal import Operators

/// Which nodes compute in 16 bits, and in which of their operands.
struct HalfChoice {
  /// What becomes of a node.
  enum Decision {
    /// The given inputs are of 16 bits; those not listed keep their types.
    case half(inputs: Set<Int>)
    /// It stays in float, for the reason.
    case float(String)
    /// It has nothing to do with floats.
    case apart
  }

  private(set) var decisions: [NodeID: Decision] = [:]
  private let facts: TypedGraph
  private let encoding: HalfEncoding
  private let magnitudes: [ValueID: Double]
  private let excluded: [(pattern: String, glob: Glob)]
  private let scope: OperatorScope

  init(
    _ facts: TypedGraph, _ encoding: HalfEncoding, _ magnitudes: [ValueID: Double], _ model: Model
  ) {
    self.facts = facts
    self.encoding = encoding
    self.magnitudes = magnitudes
    excluded = encoding.exclude.map { ($0, Glob($0)) }
    scope = OperatorScope(model)
    for id in facts.graph.nodeIDs { decisions[id] = decide(id) }
    for id in facts.graph.nodeIDs { keepDifferences(id) }
  }

  /// Keeps an operator in float whose result follows from differences between large numbers, and what
  /// makes these numbers: a mask of -10,000 on all of a row leaves no digits for what is beside it.
  private mutating func keepDifferences(_ id: NodeID) {
    guard case .half = decisions[id], case .softmax? = facts.op(id)?.computation,
      let value = facts.graph[id].inputs[0], let largest = magnitudes[value],
      largest > encoding.type.differences
    else { return }
    let reason = "differences between numbers up to \(Float(largest)) count"
    decisions[id] = .float(reason)
    var values = [value]
    while let value = values.popLast() {
      guard let producer = facts.graph[value].producer, case .half = decisions[producer],
        magnitudes[value] ?? 0 > encoding.type.differences
      else { continue }
      decisions[producer] = .float(reason)
      values += facts.graph[producer].inputs.compactMap { $0 }
    }
  }

  private func isFloat(_ value: ValueID?) -> Bool {
    value.map { facts.graph[$0].tensorType?.elementType == .float } ?? false
  }

  private func decide(_ id: NodeID) -> Decision {
    let node = facts.graph[id]
    let inputs = node.inputs.indices.filter { isFloat(node.inputs[$0]) }
    let outputs = node.outputs.indices.filter { isFloat(node.outputs[$0]) }
    guard !inputs.isEmpty || !outputs.isEmpty else { return .apart }
    guard let op = facts.op(id) else { return .float("the operator is not known") }
    if op.constantValue != nil { return .apart }
    if !op.bodies.isEmpty { return .float("it runs graphs, which take and give floats") }
    let names = facts.graph.names(of: id)
    if let (pattern, _) = excluded.first(where: { names.contains(where: $0.glob.matches) }) {
      return .float("excluded by '\(pattern)'")
    }
    // Casts, fills and generators make floats of something else, by their attributes.
    guard !inputs.isEmpty else { return .float("") }
    if type(of: op).traits.keepsFloat { return .float("its result hangs on small differences") }
    guard let signature = scope.signature(of: node) else {
      return .float("what it takes is not stated")
    }
    let half = encoding.type.elementType
    let takes = inputs.filter { signature.input($0)?.types.contains(half) ?? false }
    guard !takes.isEmpty, outputs.allSatisfy({ isDefined($0, takes, signature) }) else {
      return .float("it is not defined for \(half)")
    }
    if let reason = overflow(node) { return .float(reason) }
    return .half(inputs: Set(takes))
  }

  /// Whether an output is of 16 bits when the inputs are: it may be, and its type follows from one of
  /// theirs.
  private func isDefined(_ slot: Int, _ inputs: [Int], _ signature: Signature) -> Bool {
    guard let formal = signature.output(slot), formal.types.contains(encoding.type.elementType),
      let variable = formal.variable
    else { return false }
    return inputs.contains { signature.input($0)?.variable == variable }
  }

  /// Why numbers that pass through a node do not fit; nil where they do.
  private func overflow(_ node: Node) -> String? {
    let values = (node.inputs + node.outputs).compactMap { $0 }
    let largest = values.compactMap { magnitudes[$0] }.max() ?? 0
    guard largest > encoding.type.greatest else { return nil }
    return "numbers up to \(Float(largest)) pass through it"
  }
}
