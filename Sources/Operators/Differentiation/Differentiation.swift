package import IR

/// A model with the nodes that compute derivatives behind its own: reverse-mode differentiation. Only
/// paths from the wanted values to the loss are followed.
package struct Differentiation {
  /// A node that the walk could not pass.
  package struct Obstacle: Hashable, Sendable {
    /// How messages name the node.
    package let node: String
    package let reason: String
  }

  /// The graph with the derivatives in it; where operators of the inner domain were used, the model
  /// imports it.
  package private(set) var model: Model
  /// The cotangent of each wanted value; values that the loss does not depend on have none, and
  /// neither have those of which a part would be missing.
  package private(set) var cotangents: [ValueID: ValueID] = [:]
  /// Nodes on the way that have no derivative, in order of execution.
  package let obstacles: [Obstacle]
  /// Wanted values that reach the loss through an obstacle.
  package let blocked: Set<ValueID>

  /// Differentiates.
  ///
  /// - Parameters:
  ///   - seeds: makes the cotangents that the walk starts with.
  ///   - wanted: the values to differentiate by.
  ///   - isPortable: whether standard operators are to be used where they suffice.
  package init(
    _ model: Model, by wanted: [ValueID], isPortable: Bool = false,
    seeds: (GraphBuilder, TypedGraph) throws(ModelError) -> [(ValueID, Term)]
  ) throws(ModelError) {
    guard let opset = model.opset() else {
      throw ModelError(.invalid, "expected a model that imports ONNX's operators, found none")
    }
    guard opset >= 9 else {
      throw ModelError(
        .unsupported, "gradients: expected a model of opset 9 or later, found \(opset)")
    }
    let typed = try inferTypes(model)
    let builder = GraphBuilder(model.graph, opset: opset, isPortable: isPortable)
    var walk = BackwardWalk(typed, builder, model, by: wanted)
    for (value, term) in try seeds(builder, typed) { walk.seed(value, term) }
    try walk.run()
    obstacles = walk.obstacles
    blocked = walk.blocked().intersection(wanted)
    for value in wanted where !blocked.contains(value) { cotangents[value] = walk.total(value)?.id }
    self.model = model
    self.model.graph = builder.graph
    self.model.importMissing(builder.imports)
  }
}

extension Model {
  /// Imports operator sets of domains that are not imported yet.
  package mutating func importMissing(_ sets: [OpsetImport]) {
    for set in sets where opset(of: set.domain ?? "") == nil { opsetImports.append(set) }
  }
}
