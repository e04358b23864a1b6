internal import Execution
internal import IR

/// Seeded noise for a model's inputs: the same on every machine.
struct RandomSamples {
  /// The number of samples; at least that many where the graph takes them in groups.
  let count: Int
  let seed: UInt64

  /// An array for each required input, the samples along its first axis.
  func arrays(
    for model: Model, label: String
  ) throws(ModelError) -> [(name: String, tensor: Tensor)] {
    let graph = model.graph
    let inputs = graph.requiredInputs
    let hasState = hasState(inputs)
    // With a state, whose first axis counts layers, a group is one sample and its state.
    let step = hasState ? 1 : inputs.lazy.compactMap { firstLength($0) }.first { $0 > 0 } ?? 1
    let groups = (count - 1) / step + 1
    var shapes = try noting(label) { () throws(ModelError) in
      try SampleShapes.first(for: model)
    }
    for (index, input) in inputs.enumerated() where !shapes[index].isEmpty {
      let rows = groups.multipliedReportingOverflow(
        by: firstLength(input) ?? (hasState ? shapes[index][0] : step))
      shapes[index][0] = rows.overflow ? Int.max : rows.partialValue
    }
    let shape = shapes
    let tensors = try noting(label) { () throws(ModelError) in
      try SeededInputs.make(for: graph, shapes: shape, seed: seed)
    }
    return inputs.compactMap { input in
      let name = graph[input.value].name
      return tensors[name].map { (name, $0) }
    }
  }

  /// Whether the name of a free first axis stands at a later axis of an input whose first is fixed.
  private func hasState(_ inputs: [ValueInfo]) -> Bool {
    let shapes = inputs.compactMap { $0.type?.tensor?.shape?.dimensions }
    let batches = Set(shapes.compactMap { $0.first?.expression?.symbol })
    return shapes.contains { shape in
      shape.first?.value != nil
        && shape.dropFirst().contains { $0.expression?.symbol.map(batches.contains) ?? false }
    }
  }

  private func firstLength(_ input: ValueInfo) -> Int? {
    input.type?.tensor?.shape?.dimensions.first?.value
  }
}
