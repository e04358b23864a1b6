public import IR
internal import Operators

/// Removes nodes whose results nothing reads, and initializers and declarations left without use.
public struct DeadCode: Pass {
  /// The pass's name.
  public let name = "remove-dead-code"

  /// Makes the pass.
  public init() {}

  /// Applies the pass.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    for id in model.graph.nodeIDs.reversed() {
      let node = model.graph[id]
      guard !node.outputs.contains(where: { $0.map { !model.graph[$0].uses.isEmpty } ?? false })
      else { continue }
      report.applied.append(.init(node: model.graph.label(id), text: "nothing reads its results"))
      model.graph.remove(id)
    }
    let unused = model.graph.initializers.filter {
      model.graph[$0].uses.isEmpty && model.graph.constant($0) != nil
    }
    for id in unused {
      report.applied.append(
        .init(node: "initializer '\(model.graph[id].name)'", text: "nothing reads it"))
    }
    model.graph.dropUnusedValues()
    return report
  }
}
