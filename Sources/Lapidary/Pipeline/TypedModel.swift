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

  /// Infers the types.
  ///
  /// - Parameter binding: lengths for symbolic dimensions; inputs and outputs are then declared
  ///   with them.
  public init(_ model: Model, binding: [String: Int] = [:]) throws(ModelError) {
    let facts = try inferTypes(model, binding: binding)
    var result = model
    var declared: [ValueID: Int] = [:]
    for (index, info) in result.graph.valueInfos.enumerated() { declared[info.value] = index }
    var (values, typed, untyped) = (0, 0, [String]())
    for id in facts.graph.nodeIDs {
      for value in facts.graph[id].outputs.compactMap({ $0 }) {
        values += 1
        let type = facts.graph[value].type
        if type?.tensor?.shape == nil, type?.tensor != nil || type == nil {
          untyped.append(facts.graph[value].name)
        } else {
          typed += 1
        }
        guard let type, !facts.graph.isOutput(value) else { continue }
        if let index = declared[value] {
          result.graph.valueInfos[index].type = type
        } else {
          result.graph.valueInfos.append(ValueInfo(value, type: type))
        }
      }
    }
    for (index, info) in result.graph.inputs.enumerated() where !binding.isEmpty {
      result.graph.setInputType(index, facts.graph[info.value].type)
    }
    for (index, info) in result.graph.outputs.enumerated() {
      // Outputs are the model's contract: they are completed, and bound when the user asks.
      if info.type == nil || !binding.isEmpty {
        result.graph.setOutputType(index, facts.graph[info.value].type)
      }
    }
    (self.model, self.values, self.typed, self.untyped) = (result, values, typed, untyped)
  }
}
