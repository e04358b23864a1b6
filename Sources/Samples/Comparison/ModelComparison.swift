public import Execution
public import IR

/// How far the outputs of two models lie apart on the same inputs.
public struct ModelComparison: Sendable {
  /// One output.
  public struct Output: Sendable {
    /// The output's name in the first model.
    public let name: String
    /// The worst figures over all batches.
    public let comparison: Comparison
  }

  /// Every output, in order.
  public let outputs: [Output]
  /// The number of samples.
  public let samples: Int

  /// The largest difference relative to the output's largest magnitude, over all outputs.
  public var maxRelative: Double { outputs.map(\.comparison.maxRelative).max() ?? 0 }

  /// Runs both models on the first `limit` samples or a few more. Outputs correspond by position; inputs by name, or by position
  /// where the second model names them otherwise.
  ///
  /// - Throws: `ModelError` when the models' inputs or outputs do not correspond.
  public init(
    _ a: Model, _ b: Model, on data: Dataset, options: SessionOptions = SessionOptions(),
    limit: Int = .max, batch: Int = 16, progress: (Int) -> Void = { _ in }
  ) throws(ModelError) {
    let outputsA = a.graph.outputs.map { a.graph[$0.value].name }
    let outputsB = b.graph.outputs.map { b.graph[$0.value].name }
    let inputsA = a.graph.requiredInputs.map { a.graph[$0.value].name }
    let inputsB = b.graph.requiredInputs.map { b.graph[$0.value].name }
    guard outputsA.count == outputsB.count, inputsA.count == inputsB.count else {
      throw ModelError(
        .request,
        "comparison: expected as many inputs and outputs, found \(inputsA.count) and \(outputsA.count) against \(inputsB.count) and \(outputsB.count)"
      )
    }
    let sessionA = try Session(a, options: options)
    let sessionB = try Session(b, options: options)
    var first: [[Tensor]] = Array(repeating: [], count: outputsA.count)
    var second = first
    var done = 0
    for range in data.batches(of: batch) where done < limit {
      let inputs = try data.inputs(range)
      var renamed: [String: Tensor] = [:]
      for (x, y) in zip(inputsA, inputsB) { renamed[inputsB.contains(x) ? x : y] = inputs[x] }
      let resultsA = try sessionA.run(inputs)
      let resultsB = try sessionB.run(renamed)
      for index in outputsA.indices {
        guard let x = resultsA[outputsA[index]], let y = resultsB[outputsB[index]] else { continue }
        first[index].append(x)
        second[index].append(y)
      }
      done += range.count
      progress(done)
    }
    samples = done
    var outputs: [Output] = []
    for index in outputsA.indices {
      let comparison = try noting("output '\(outputsA[index])'") { () throws(ModelError) in
        guard let x = Tensor(concatenating: first[index]),
          let y = Tensor(concatenating: second[index])
        else {
          throw ModelError(
            .request, "expected tensors of one type and shape for all samples, found others")
        }
        return try Comparison(reference: x, candidate: y)
      }
      outputs.append(Output(name: outputsA[index], comparison: comparison))
    }
    self.outputs = outputs
  }

  /// The comparison, or nil for models that Lapidary cannot run.
  public static func ifRunnable(
    _ a: Model, _ b: Model, on data: Dataset, options: SessionOptions = SessionOptions(),
    limit: Int = .max
  ) throws(ModelError) -> ModelComparison? {
    do throws(ModelError) {
      return try ModelComparison(a, b, on: data, options: options, limit: limit)
    } catch {
      guard error.code == .unsupported else { throw error }
      return nil
    }
  }
}
