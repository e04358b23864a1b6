public import Execution
public import IR
internal import Operators
public import Samples

extension Quantizer {
  /// The most samples that values are compared on.
  private static let most = 32
  /// Samples a run: all values of a run are held.
  private static let batch = 4

  /// Compares every quantized value with the original's, the worst first.
  ///
  /// - Parameters:
  ///   - result: what came of the quantization.
  ///   - data: samples that nothing was fitted to.
  public func fidelity(
    of result: Result, on data: Dataset, options session: SessionOptions
  ) throws(ModelError) -> [ValueFidelity] {
    let resolved = try ResolvedPlan(result.plan, in: model.graph)
    let pairs = pairs(resolved, result.model.graph)
    let floats = Keeper(Set(pairs.map(\.float))), integers = Keeper(Set(pairs.map(\.integer)))
    var sums = pairs.map { _ in ComparisonSums() }
    var clipped = pairs.map { _ in 0 }, counts = clipped
    let reference = try Session(computable, options: session)
    let candidate = try Session(result.model, options: session)
    let run = SampleRun(data, for: model, batch: Self.batch, limit: Self.most)
    try run.forEach { inputs, _ throws(ModelError) in
      try reference.run(inputs, observedBy: [floats])
      try candidate.run(inputs, observedBy: [integers])
      for (index, pair) in pairs.enumerated() {
        guard let a = floats.tensors[pair.float], let b = integers.tensors[pair.integer],
          a.dimensions == b.dimensions, let own = resolved.parameters[pair.float]
        else { continue }
        try sums[index].add(reference: a, candidate: b)
        let limits = own.range, half = own.scale / 2
        counts[index] += a.count
        clipped[index] +=
          a.floats?.count {
            $0 < limits.lowerBound - half || $0 > limits.upperBound + half
          } ?? 0
      }
      floats.tensors = [:]
      integers.tensors = [:]
    }
    let found = pairs.indices.map { index -> ValueFidelity in
      let value = pairs[index].float, comparison = sums[index].comparison
      let producer = model.graph[value].producer
      return ValueFidelity(
        value: model.graph[value].name, node: producer.map { model.graph.label($0) },
        op: producer.map { model.graph[$0].op },
        port: producer.flatMap { model.graph[$0].outputs.firstIndex(of: value) }
          ?? model.graph.inputs.firstIndex { $0.value == value } ?? 0,
        sqnr: comparison.sqnr, cosine: comparison.cosine,
        clipped: Double(clipped[index]) / Double(max(1, counts[index])),
        range: resolved.parameters[value]?.range ?? 0...0,
        worstChannel: comparison.worstChannel.map {
          .init(axis: $0.axis, index: $0.index, sqnr: $0.sqnr)
        })
    }
    return found.enumerated().sorted { ($0.element.sqnr, $0.offset) < ($1.element.sqnr, $1.offset) }
      .map(\.element)
  }

  /// Quantized values, each with what a DequantizeLinear makes of it: itself where it is an output,
  /// else what its readers read.
  private func pairs(
    _ plan: ResolvedPlan, _ graph: Graph
  ) -> [(float: ValueID, integer: ValueID)] {
    plan.parameters.keys.sorted().compactMap { value in
      guard model.graph.constant(value) == nil,
        let source = graph.value(named: model.graph[value].name)
      else { return nil }
      if model.graph.isOutput(value) { return (value, source) }
      let after = graph[source].uses.compactMap(\.node)
        .flatMap { graph[$0].outputs.compactMap { $0 } }
        .flatMap { graph[$0].uses.compactMap(\.node) }
        .flatMap { graph[$0].outputs.compactMap { $0 } }
      return after.first.map { (value, $0) }
    }
  }
}

/// Keeps the values of one run.
private final class Keeper: Observer {
  let values: Set<ValueID>
  var tensors: [ValueID: Tensor] = [:]

  init(_ values: Set<ValueID>) { self.values = values }

  func observe(_ value: ValueID, _ view: TensorView) {
    guard view.elementType == .float else { return }
    tensors[value] = Tensor(floats: Array(view.elements(Float.self)), view.shape)
  }
}
