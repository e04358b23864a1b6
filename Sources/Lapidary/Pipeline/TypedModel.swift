public import IR
internal import Operators

/// A model with the inferred type of every intermediate among its declarations.
public struct TypedModel: Sendable {
  /// The model; every value whose shape is known is declared in `value_info`.
  public let model: Model
  /// Values that nodes produce.
  public let values: Int
  /// Those among them whose shape is known.
  public let typed: Int
  /// Names of the others.
  public let untyped: [String]
  /// Declared shapes that were replaced, a line each.
  public let replaced: [String]

  /// Infers the types.
  ///
  /// - Parameters:
  ///   - binding: lengths for symbolic dimensions; inputs and outputs are then declared with them.
  /// - Throws: `ModelError` when a node breaks its operator's rules, or where a declared element type
  ///   contradicts the inferred one.
  public init(_ model: Model, binding: [String: Int] = [:]) throws(ModelError) {
    let facts = try inferTypes(model, binding: binding)
    var result = model
    var tally = Tally()
    try Self.declare(facts, in: &result.graph, path: "", &tally)
    for (index, info) in result.graph.inputs.enumerated() where !binding.isEmpty {
      result.graph.setInputType(index, facts.graph[info.value].type)
    }
    for (index, info) in result.graph.outputs.enumerated() {
      // Outputs are the model's contract: they are completed, and bound when the user asks.
      let inferred = facts.graph[info.value].type
      if info.type == nil || !binding.isEmpty || facts.stale[info.value] != nil {
        guard let inferred, inferred.isDeclarable else { continue }
        result.graph.setOutputType(index, inferred)
      } else if let completed = Self.completed(info.type, with: inferred) {
        result.graph.setOutputType(index, completed)
      }
    }
    (self.model, self.values, self.typed) = (result, tally.values, tally.typed)
    untyped = tally.untyped
    replaced = facts.contradictions
  }

  private struct Tally {
    var values = 0
    var typed = 0
    var untyped: [String] = []
  }

  /// Declares the types of what a graph's nodes compute, and those in their subgraphs.
  private static func declare(
    _ facts: TypedGraph, in graph: inout Graph, path: String, _ tally: inout Tally
  ) throws(ModelError) {
    var declared: [ValueID: Int] = [:]
    for (index, info) in graph.valueInfos.enumerated() { declared[info.value] = index }
    for id in facts.graph.nodeIDs {
      for value in facts.graph[id].outputs.compactMap({ $0 }) {
        tally.values += 1
        let type = facts.graph[value].type
        if !(type?.isDeclarable ?? false) || type?.tensor != nil && type?.tensor?.shape == nil {
          tally.untyped.append(path + facts.graph[value].name)
        } else {
          tally.typed += 1
        }
        // A declaration without an element type is none: runtimes refuse it.
        guard let type, type.isDeclarable, !facts.graph.isOutput(value) else { continue }
        if let index = declared[value] {
          graph.valueInfos[index].type = type
          // The exporter's spelling of an expression gives way to the canonical one.
          graph.valueInfos[index].encodedType = nil
        } else {
          graph.valueInfos.append(ValueInfo(value, type: type))
        }
      }
      let inner = facts.bodies(id)
      guard !graph[id].subgraphs.isEmpty, !inner.isEmpty else { continue }
      let label = path + graph.label(id) + " / "
      let names = facts.op(id)?.bodies.map(\.name) ?? []
      try graph.updateSubgraphs(of: id) { (attributes) throws(ModelError) in
        for (name, facts) in zip(names, inner) {
          guard let place = attributes.firstIndex(where: { $0.name == name }),
            case .graph(var body) = attributes[place].value
          else { continue }
          try Self.declare(facts, in: &body, path: label, &tally)
          attributes[place].value = .graph(body)
        }
      }
    }
  }

  /// A declared type with the lengths that it leaves open; nil when it leaves none.
  private static func completed(_ declared: ValueType?, with inferred: ValueType?) -> ValueType? {
    guard var type = declared?.tensor, type.elementType != .undefined,
      let known = inferred?.tensor?.shape
    else { return nil }
    guard var shape = type.shape else {
      type.shape = known
      return .tensor(type)
    }
    guard shape.rank == known.rank, shape.dimensions.contains(.unknown) else { return nil }
    for axis in shape.dimensions.indices where shape[axis] == .unknown { shape[axis] = known[axis] }
    type.shape = shape
    return .tensor(type)
  }
}
