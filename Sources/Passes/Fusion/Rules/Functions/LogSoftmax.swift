internal import IR
internal import Rewriting

/// `log(softmax(x)) = logSoftmax(x)`, which does not underflow on the way.
struct FuseLogSoftmax: FusionRule {
  static let name = "fuse-log-softmax"
  static let summary = "Log of Softmax becomes LogSoftmax"
  static let roots = Spellings.logSoftmax.roots.sorted()

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let match = net.match(Spellings.logSoftmax.pattern, at: id), let source = match["x"],
      let softmax = match.named["softmax"]
    else { return .noMatch }
    if let obstacle = net.obstacle(inside: match) { return .declined(obstacle) }
    let absorbed = net.graph.label(softmax)
    if let refusal = net.become(
      id, "LogSoftmax", inputs: [source], attributes: net.graph[softmax].attributes)
    {
      return .declined(refusal)
    }
    return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
  }
}

/// `where(¬c, a, b) = where(c, b, a)`.
struct WhereNot: FusionRule {
  static let name = "where-not"
  static let summary = "a Where on a Not swaps its choices"
  static let roots = ["Where"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let condition = net.input(id, 0), let not = net.producer(of: condition, "Not"),
      let source = net.input(not, 0), let a = net.input(id, 1), let b = net.input(id, 2)
    else { return .noMatch }
    if let obstacle = net.obstacle(over: condition) { return .declined(obstacle) }
    let absorbed = net.graph.label(not)
    net.setInputs(id, [source, b, a])
    return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
  }
}
