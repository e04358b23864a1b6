internal import IR
internal import Operators

/// One change to the original that takes the effect of removed channels away (pruning.md, "Oracle").
public struct ProofStep: Codable, Hashable, Sendable {
  /// What is done to the operand.
  public enum Kind: String, Codable, Sendable {
    /// The removed indices are made zero where the node reads them.
    case mask
    /// The node is made to compute on the kept indices alone, since its statistics depend on all.
    case select
  }

  /// What is done to the operand.
  public var kind: Kind
  /// The name of the node's first output.
  public var node: String
  /// The input, by position.
  public var input: Int
  /// The axis.
  public var axis: Int
  /// The indices that stay; for a grouped convolution's columns one list for each group.
  public var kept: [[Int]]
}

extension Surgery {
  /// The changes to the original that make it equal to the cut model.
  var proofSteps: [ProofStep] {
    let graph = coupling.facts.graph
    func step(
      _ kind: ProofStep.Kind, _ node: NodeID, _ axis: Axis, _ kept: [[Int]]
    ) -> ProofStep? {
      guard case .input(let slot) = axis.port, let output = graph[node].outputs.first ?? nil else {
        return nil
      }
      return ProofStep(
        kind: kind, node: graph[output].name, input: slot, axis: axis.axis, kept: kept)
    }
    var steps: [ProofStep] = []
    for role in coupling.consumers {
      guard case .input(let slot) = role.axis.port else { continue }
      let cut = constantCut(role.node, slot, rank: role.axis.axis + 1)[role.axis.axis]
      if let kept = cut { steps += [step(.mask, role.node, role.axis, kept)].compactMap { $0 } }
    }
    for role in coupling.statistics {
      guard let kept = kept(role.node, role.axis) else { continue }
      steps += [step(.select, role.node, role.axis, [kept])].compactMap { $0 }
    }
    return steps
  }
}
