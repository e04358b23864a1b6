package import Execution
package import IR

/// What a model makes of some samples, kept so that it need not run again for each model that is
/// compared with it.
package struct KeptOutputs: Sendable {
  /// Bytes that are kept; one batch is, however large.
  private static let budget = 64 << 20

  private let run: SampleRun
  private let names: [String]
  private let options: SessionOptions
  private let batches: [[String: Tensor]]

  /// Runs a model.
  ///
  /// - Parameter limit: no more samples than this, or a few more; fewer where outputs are large.
  package init(
    _ model: Model, on data: Dataset, options: SessionOptions, limit: Int
  ) throws(ModelError) {
    run = SampleRun(data, for: model, limit: limit)
    names = model.graph.outputs.map { model.graph[$0.value].name }
    self.options = options
    let session = try Session(model, options: options)
    var batches: [[String: Tensor]] = []
    var bytes = 0
    for batch in 0..<run.batches where batches.isEmpty || bytes < Self.budget {
      let outputs = try session.run(try run.inputs(batch: batch))
      bytes += outputs.values.reduce(0) { $0 + $1.byteCount }
      batches.append(outputs)
    }
    self.batches = batches
  }

  /// Noise over signal of the output of another model that suffers most; infinite where results have
  /// other lengths.
  ///
  /// - Parameter other: a model with the same inputs and outputs.
  package func noise(of other: Model) throws(ModelError) -> Double {
    let session = try Session(other, options: options)
    var sums = names.map { _ in ComparisonSums() }
    for (batch, outputs) in batches.enumerated() {
      let found = try session.run(try run.inputs(batch: batch))
      for (place, name) in names.enumerated() {
        guard let x = outputs[name], let y = found[name] else { continue }
        guard x.dimensions == y.dimensions else { return .infinity }
        try sums[place].add(reference: x, candidate: y)
      }
    }
    return sums.map(\.comparison.noise).max() ?? 0
  }
}
