package import IR

extension Model {
  /// The model with inferred types in place of declared ones of the main graph that contradict them,
  /// and nothing else changed; the model itself where there are none, or inference fails.
  package func replacingStaleDeclarations() -> Model {
    guard let facts = try? inferTypes(self), !facts.stale.isEmpty else { return self }
    var result = self
    for (index, info) in graph.valueInfos.enumerated() {
      guard let type = facts.stale[info.value], type.isDeclarable else { continue }
      result.graph.valueInfos[index].type = type
      result.graph.valueInfos[index].encodedType = nil
    }
    for (index, info) in graph.outputs.enumerated() {
      guard let type = facts.stale[info.value], type.isDeclarable else { continue }
      result.graph.setOutputType(index, type)
    }
    for value in facts.stale.keys where graph.contains(value) {
      result.graph.setType(value, facts.stale[value])
    }
    return result
  }
}
