public import IR
internal import Operators

/// Removes nodes whose output always equals their input: Identity, Dropout at inference, a
/// Transpose that keeps the order, a Reshape to the same shape and their kin.
public struct IdentityRemoval: Pass {
  /// The pass's name.
  public let name = "remove-identities"

  /// Makes the pass.
  public init() {}

  /// Applies the pass.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    let facts = try inferTypes(model)
    for id in model.graph.nodeIDs {
      guard let op = facts.op(id), op.isIdentity(facts.inputs(id), facts.outputs(id)) else {
        continue
      }
      let node = model.graph[id]
      guard let source = node.inputs[0], let result = node.outputs[0] else { continue }
      let label = model.graph.label(id)
      if let extra = node.outputs.dropFirst().compactMap({ $0 }).first,
        !model.graph[extra].uses.isEmpty
      {
        report.declined.append(.init(node: label, text: "'\(model.graph[extra].name)' is used"))
      } else if model.graph.isCaptured(result) {
        report.declined.append(
          .init(node: label, text: "a subgraph reads '\(model.graph[result].name)'"))
      } else if !model.graph.isOutput(result) {
        model.graph.replaceInputs(of: result, with: source)
        model.graph.remove(id)
        report.applied.append(.init(node: label, text: "its output equals its input"))
      } else if let producer = model.graph[source].producer, !model.graph.isOutput(source),
        !model.graph.isCaptured(source)
      {
        // The output's name is part of the contract: the producer takes it over.
        let slot = model.graph[producer].outputs.firstIndex(of: source)!
        model.graph.remove(id)
        model.graph.setOutput(producer, slot: slot, to: result)
        model.graph.replaceInputs(of: source, with: result)
        report.applied.append(.init(node: label, text: "its output equals its input"))
      } else {
        report.declined.append(
          .init(node: label, text: "'\(model.graph[result].name)' is a graph output"))
      }
    }
    return report
  }
}
