internal import IR
internal import Operators
internal import Rewriting

/// An If whose condition is constant is replaced by the branch that it takes.
struct InlineIf: BodyRule {
  static let name = "inline-if"
  static let summary = "an If whose condition is constant becomes the branch that it takes"

  func apply(to graph: inout Graph, _ scope: Scope, _ journal: inout Journal) throws(ModelError) {
    for id in graph.nodeIDs where graph[id].op == OperatorName("If") && !journal.isFull {
      guard let condition = graph[id].inputs.first ?? nil,
        let tensor = graph.constant(condition) ?? scope.constants[graph[condition].name],
        let truth = tensor.integers, truth.count == 1
      else { continue }
      let label = graph.label(id)
      let branch = truth[0] != 0 ? "then_branch" : "else_branch"
      guard case .graph(let body)? = graph[id].attribute(branch) else { continue }
      guard body.sparseInitializers.isEmpty else {
        journal.decline(label, rule: Self.name, "its body has sparse initializers")
        continue
      }
      try graph.replace(id, with: body, operands: [])
      journal.apply(label, rule: Self.name, "its condition is constant: \(branch)")
    }
  }
}
