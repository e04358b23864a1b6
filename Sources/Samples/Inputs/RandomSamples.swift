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
    let step = inputs.lazy.compactMap { firstLength($0) }.first { $0 > 0 } ?? 1
    let groups = (count - 1) / step + 1
    var shapes = try noting(label) { () throws(ModelError) in
      try SampleShapes.first(for: model)
    }
    for (index, input) in inputs.enumerated() where !shapes[index].isEmpty {
      let rows = groups.multipliedReportingOverflow(by: firstLength(input) ?? step)
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

  private func firstLength(_ input: ValueInfo) -> Int? {
    input.type?.tensor?.shape?.dimensions.first?.value
  }
}
