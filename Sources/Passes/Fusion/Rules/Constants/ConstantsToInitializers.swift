internal import IR
internal import Operators
internal import Rewriting

/// A node that holds a constant in an attribute becomes an initializer of the same name, so that
/// every rule finds constants in one place.
struct ConstantsToInitializers: FusionRule {
  static let name = "constants-to-initializers"
  static let summary = "Constant nodes become initializers"
  static let roots: [String] = []

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard net.graph[id].inputs.isEmpty, let tensor = net.op(id)?.constantValue,
      tensor.storage != nil, let output = net.output(id)
    else { return .noMatch }
    if net.graph.isOutput(output) {
      return .declined("'\(net.graph[output].name)' is a graph output")
    }
    net.fold(id, into: [tensor])
    return .applied("now an initializer")
  }
}
