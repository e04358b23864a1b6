private import Execution
package import IR
private import Operators

/// Compares inferred types with those that a run gives.
package struct InferenceAudit {
  /// Values that nodes compute.
  package private(set) var values = 0
  /// What does not agree, a line each.
  package private(set) var mismatches: [String] = []
  /// Inferred types by name, before names of lengths are bound.
  package private(set) var types: [(name: String, type: TensorType)] = []

  /// Runs the model and compares the type of every intermediate.
  ///
  /// Names of lengths are bound to the inputs' lengths; a length that inference gave a name of its
  /// own is whatever it is where it first occurs, and must be the same further down.
  package init(_ model: Model, inputs: [String: Tensor]) throws {
    let facts = try inferTypes(model)
    let graph = facts.graph
    var bindings: [String: Int] = [:]
    for info in graph.inputs {
      guard let tensor = inputs[graph[info.value].name] else { continue }
      let shape = graph[info.value].tensorType?.shape
      for (dimension, length) in zip(shape?.dimensions ?? [], tensor.dimensions) {
        if let name = dimension.expression?.symbol { bindings[name] = length }
      }
    }
    let computed = graph.nodeIDs.flatMap { graph[$0].outputs.compactMap { $0 } }
    values = computed.count
    types = computed.map { (graph[$0].name, graph[$0].tensorType ?? .unknown) }
    var found: [String] = []
    _ = try Session(model, options: SessionOptions(backend: .reference)).run(
      inputs, observing: Set(computed)
    ) { (id, view) throws(ModelError) in
      let type = graph[id].tensorType ?? .unknown
      for (dimension, length) in zip(type.shape?.dimensions ?? [], view.shape) {
        guard let name = dimension.expression?.symbol, bindings[name] == nil else { continue }
        bindings[name] = length
      }
      let bound = TensorType(type.elementType, type.shape?.substituting(bindings))
      let actual = TensorType(view.elementType, view.shape)
      if bound != actual {
        found.append("'\(graph[id].name)': inferred \(type), which is \(bound), actual \(actual)")
      }
    }
    mismatches = found
  }
}
