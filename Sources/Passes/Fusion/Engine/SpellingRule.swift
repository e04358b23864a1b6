internal import IR
internal import Rewriting

/// A rule that puts the operator in the place of its spellings.
protocol SpellingRule: FusionRule {
  /// The spellings, in the order in which they are tried.
  static var spellings: [Spelling] { get }
}

extension SpellingRule {
  static var roots: [String] { spellings.reduce(into: Set()) { $0.formUnion($1.roots) }.sorted() }

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let found = net.spelling(of: Self.spellings, at: id) else { return .noMatch }
    let name = found.spelling.operatorType
    if let obstacle = net.obstacle(to: found.match, found.x) { return .declined(obstacle) }
    guard let first = found.spelling.firstOpset, net.opset >= first else {
      return .declined("\(name) needs \(found.spelling.needed), the model has \(net.opset)")
    }
    if let obstacle = net.obstacle(found.match, rank: net.rank(found.x)) {
      return .declined(obstacle)
    }
    let absorbed = found.match.nodes.dropFirst().map { net.graph.label($0) }
    if let refusal = net.become(
      id, name, inputs: [found.x], attributes: found.spelling.attributes(found.match))
    {
      return .declined(refusal)
    }
    return .applied(
      "\(name) took in \(absorbed.joined(separator: ", "))", survivor: id, absorbed: absorbed)
  }
}

/// A spelling that was found.
struct FoundSpelling {
  let spelling: Spelling
  let match: Match
  /// The operand.
  let x: ValueID
}

extension Rewriter {
  /// The first of the spellings that ends in a node.
  mutating func spelling(of spellings: [Spelling], at id: NodeID) -> FoundSpelling? {
    guard let kind = kind(id) else { return nil }
    for spelling in spellings where spelling.roots.contains(kind) {
      if let match = match(spelling.pattern, at: id), let x = match["x"] {
        return FoundSpelling(spelling: spelling, match: match, x: x)
      }
    }
    return nil
  }

  /// Why the operand of a spelling is of no type in which it is recognised.
  func obstacle(to match: Match, _ x: ValueID) -> String? {
    isFloat(x) ? nil : "its element type is \(elementType(x))"
  }
}

extension Spelling {
  /// The operator set that the operator needs, in words.
  fileprivate var needed: String { firstOpset.map { "opset \($0)" } ?? "an operator set" }
}

/// Mish, Softplus and others of which exporters spell one only now and then.
struct FuseFunctions: SpellingRule {
  static let name = "fuse-functions"
  static let summary =
    "Mish and Softplus spelled out become one operator where the operator set has it"
  static let spellings = Spellings.others
}
