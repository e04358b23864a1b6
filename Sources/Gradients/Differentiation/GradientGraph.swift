public import IR
internal import Operators

/// The graph of a model's gradients: given the model's inputs and a cotangent for each of its outputs,
/// it computes those of its weights, or of other values (a vector-Jacobian product).
public struct GradientGraph: Sendable {
  /// The graph, as a model of its own. For the output `y` it has a further input `y_cotangent`, and
  /// for the weight `w` an output `w_gradient`; the model's own outputs come first.
  public let model: Model
  /// What is differentiated by.
  public let names: [String]
  /// Nodes that have no derivative, one line each.
  public let obstacles: [String]
  /// Weights whose gradients would need one of these.
  public let blocked: [String]
  /// Operators that are not ONNX's, which other tools cannot run.
  public let innerOperators: [String]

  /// Differentiates a model.
  ///
  /// - Parameters:
  ///   - names: the values to differentiate by; all trained weights when nil.
  ///   - isPortable: whether to use standard operators where they suffice.
  /// - Throws: `ModelError` for a name that the model has not and where nothing can be differentiated.
  public init(
    of model: Model, by names: [String]? = nil, isPortable: Bool = true
  ) throws(ModelError) {
    let graph = model.graph
    let wanted = try Self.wanted(names, in: model)
    guard !wanted.isEmpty else {
      throw ModelError(.request, "expected a model with trained weights of floats, found none")
    }
    let found = try Differentiation(model, by: wanted, isPortable: isPortable) {
      (builder, typed) throws(ModelError) in
      graph.outputs.compactMap { info in
        guard let type = typed.graph[info.value].tensorType, type.elementType.isFloatingPoint else {
          return nil
        }
        return (info.value, builder.input("\(graph[info.value].name)_cotangent", type))
      }
    }
    let builder = GraphBuilder(
      found.model.graph, opset: model.opset() ?? 0, isPortable: isPortable)
    for value in wanted {
      guard let cotangent = found.cotangents[value] else { continue }
      let type = graph[value].tensorType ?? .unknown
      builder.output("\(graph[value].name)_gradient", Term(builder, cotangent, type))
    }
    builder.dropUnread()
    var result = found.model
    result.graph = builder.graph
    self.model = result
    self.names = wanted.filter { found.cotangents[$0] != nil }.map { graph[$0].name }
    obstacles = found.obstacles.map { "\($0.node): \($0.reason)" }
    blocked = wanted.filter { found.blocked.contains($0) }.map { graph[$0].name }
    innerOperators = Set(result.graph.innerOperators).sorted()
  }

  private static func wanted(
    _ names: [String]?, in model: Model
  ) throws(ModelError) -> [ValueID] {
    guard let names else { return try Parameters(of: model).values }
    return try names.map { name throws(ModelError) in
      guard let value = model.graph.value(named: name) else {
        throw ModelError(.request, "'\(name)': expected a value of the graph, found none")
      }
      return value
    }
  }
}

extension Graph {
  /// Operators that are not ONNX's, in bodies too.
  fileprivate var innerOperators: [String] {
    nodeIDs.flatMap { id in
      let node = self[id]
      return (node.op.domain == Inner.domain ? [node.type] : [])
        + node.subgraphs.flatMap(\.innerOperators)
    }
  }
}
