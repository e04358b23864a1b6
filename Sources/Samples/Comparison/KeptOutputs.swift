package import Execution
package import IR

/// What a model makes of some samples, kept so that it need not run again for each model that is
/// compared with it, nor stand in memory beside them.
package struct KeptOutputs: Sendable {
  /// Bytes that are kept; one batch is, however large.
  private static let budget = 64 << 20

  private let run: SampleRun
  private let inputs: [String]
  private let names: [String]
  private let options: SessionOptions
  private let outputs: [[String: Tensor]]
  /// The batches of which outputs are kept: fewer than there are where outputs are large.
  package let batches: Range<Int>

  /// Runs a model.
  ///
  /// - Parameters:
  ///   - first: the first batch to run.
  ///   - done: called after every batch.
  package init(
    _ model: Model, on run: SampleRun, from first: Int = 0, options: SessionOptions,
    done: () -> Void = {}
  ) throws(ModelError) {
    self.run = run
    inputs = model.graph.requiredInputs.map { model.graph[$0.value].name }
    names = model.graph.outputs.map { model.graph[$0.value].name }
    self.options = options
    let session = try Session(model, options: options)
    var outputs: [[String: Tensor]] = []
    var bytes = 0
    for batch in first..<run.batches where outputs.isEmpty || bytes < Self.budget {
      outputs.append(try session.run(try run.inputs(batch: batch)))
      bytes += outputs[outputs.count - 1].values.reduce(0) { $0 + $1.byteCount }
      done()
    }
    self.outputs = outputs
    batches = first..<first + outputs.count
  }

  /// Noise over signal of the output of another model that suffers most; infinite where results have
  /// other lengths.
  ///
  /// - Parameter other: a model with the same inputs, and with outputs that correspond in order.
  package func noise(of other: Model) throws(ModelError) -> Double {
    var sums = names.map { _ in ComparisonSums() }
    var isUnlike = false
    try compare(other) { place, x, y throws(ModelError) in
      guard x.dimensions == y.dimensions else { return isUnlike = true }
      try sums[place].add(reference: x, candidate: y)
    }
    return isUnlike ? .infinity : sums.map(\.comparison.noise).max() ?? 0
  }

  /// Signal over error in dB of the batch and output of another model that suffer most; infinite where
  /// nothing differs.
  ///
  /// - Throws: `ModelError` where results have other lengths.
  package func lowestSQNR(of other: Model) throws(ModelError) -> Double {
    var lowest = Double.infinity
    try compare(other) { _, x, y throws(ModelError) in
      lowest = min(lowest, try Comparison(reference: x, candidate: y).sqnr)
    }
    return lowest
  }

  /// Shows each output of each batch beside that of another model in the same place.
  ///
  /// - Parameters:
  ///   - other: a model with as many inputs and outputs. Inputs correspond by name, or by position where
  ///     it names them otherwise; it may take them in fewer bits.
  ///   - done: called after every batch.
  package func compare(
    _ other: Model, done: () -> Void = {},
    _ body: (_ place: Int, _ kept: Tensor, _ found: Tensor) throws(ModelError) -> Void
  ) throws(ModelError) {
    let session = try Session(other, options: options)
    let others = other.graph.outputs.map { other.graph[$0.value].name }
    for (batch, kept) in outputs.enumerated() {
      let found = try session.run(
        renamed(try run.inputs(batch: batches.lowerBound + batch), for: other.graph))
      for (place, (name, own)) in zip(names, others).enumerated() {
        if let x = kept[name], let y = found[own] { try body(place, x, y) }
      }
      done()
    }
  }

  /// Inputs as another graph takes them.
  private func renamed(_ given: [String: Tensor], for graph: Graph) -> [String: Tensor] {
    let wanted = graph.requiredInputs.map {
      (name: graph[$0.value].name, type: $0.type?.tensor?.elementType ?? .undefined)
    }
    let types = Dictionary(wanted.map { ($0.name, $0.type) }, uniquingKeysWith: { $1 })
    var result: [String: Tensor] = [:]
    for (x, y) in zip(inputs, wanted) {
      let name = types[x] == nil ? y.name : x
      let type = types[name] ?? .undefined
      result[name] = given[x].map { type.isFloatingPoint ? $0.converted(to: type) ?? $0 : $0 }
    }
    return result
  }
}
