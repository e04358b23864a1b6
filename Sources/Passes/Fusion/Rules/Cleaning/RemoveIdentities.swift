internal import IR
internal import Operators
internal import Rewriting

/// A node whose output always equals its input goes: Identity, Dropout at inference, a Transpose
/// that keeps the order, a Reshape to the same shape and their kin.
struct RemoveIdentities: FusionRule {
  static let name = "remove-identities"
  static let summary = "nodes whose output always equals their input go"
  static let roots: [String] = []

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let op = net.op(id), let source = net.input(id, 0),
      op.isIdentity(net.inputs(id), net.outputTypes(id))
    else { return .noMatch }
    if let obstacle = net.bypass(id, with: source) { return .declined(obstacle) }
    return .applied("its output equals its input")
  }
}
