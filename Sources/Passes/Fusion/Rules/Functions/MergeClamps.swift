internal import IR
internal import Rewriting

/// Two limits in a row are one: limiting to [a, b] and then to [c, d] is limiting to
/// [limit(a), limit(b)] where limit is the second, because it is monotone.
///
/// A Clip without an upper bound becomes a Relu where its lower one is 0: only an infinity, which it
/// would make the largest float, stays one.
struct MergeClamps: FusionRule {
  static let name = "merge-clamps"
  static let summary = "Relu, Clip, Min and Max by constants in a row become one Relu or Clip"
  static let roots = ["Relu", "Clip", "Min", "Max"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let second = net.clamp(id) else { return .noMatch }
    if second.isOpenBelow, second.isOpenAbove, second.bounds.isEmpty {
      if let obstacle = net.bypass(id, with: second.source) { return .declined(obstacle) }
      return .applied("it has no bounds")
    }
    guard let producer = net.graph[second.source].producer else { return relu(id, second, &net) }
    if second.low == 0, second.isOpenAbove, net.isNonNegative(second.source) {
      let label = net.graph.label(producer)
      if let obstacle = net.bypass(id, with: second.source) { return .declined(obstacle) }
      return .applied("the result of \(label) is never below 0")
    }
    guard let first = net.clamp(producer) else { return relu(id, second, &net) }
    if let obstacle = net.obstacle(over: second.source) { return .declined(obstacle) }
    guard first.low <= first.high, second.low <= second.high else {
      return .declined("a lower bound is above the upper one")
    }
    let low = min(max(first.low, second.low), second.high)
    let high = min(max(first.high, second.low), second.high)
    let absorbed = net.graph.label(producer)
    if let refusal = net.becomeClamp(id, first.source, low: low, high: high) {
      return .declined(refusal)
    }
    return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
  }

  /// A limit from below by 0 alone is Relu, however it is spelled.
  private func relu(_ id: NodeID, _ clamp: Clamp, _ net: inout Rewriter) -> FusionOutcome {
    guard net.kind(id) != "Relu", clamp.low == 0, clamp.isOpenAbove else { return .noMatch }
    if let refusal = net.becomeClamp(id, clamp.source, low: 0, high: .infinity) {
      return .declined(refusal)
    }
    return .applied("it is a Relu")
  }
}
