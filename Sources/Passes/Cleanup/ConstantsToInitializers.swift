public import IR
internal import Operators

/// Turns nodes that hold a constant in an attribute into initializers of the same name, so that
/// every other pass finds weights in one place.
public struct ConstantsToInitializers: Pass {
  /// The pass's name.
  public let name = "constants-to-initializers"

  /// Makes the pass.
  public init() {}

  /// Applies the pass.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    for id in model.graph.nodeIDs {
      let node = model.graph[id]
      guard node.inputs.isEmpty, let version = model.opset(of: node.op.domain),
        let op = try Registry.make(node.op, opset: version, NodeView(model.graph, id)),
        let tensor = op.constantValue, tensor.storage != nil, let output = node.outputs[0],
        !model.graph.isOutput(output)
      else { continue }
      let label = model.graph.label(id)
      model.graph.remove(id)
      model.graph.setInitializer(output, tensor)
      report.applied.append(.init(node: label, text: "now an initializer"))
    }
    return report
  }
}
