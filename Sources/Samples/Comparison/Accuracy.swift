public import Execution
public import IR

/// How often a classifier is right.
public struct Accuracy: Hashable, Sendable {
  /// The number of samples.
  public var samples: Int
  /// Samples whose highest score is the label's.
  public var top1: Int
  /// Samples whose label is among the five highest scores.
  public var top5: Int

  /// The fraction of samples whose highest score is the label's.
  public var top1Fraction: Double { samples == 0 ? 0 : Double(top1) / Double(samples) }
  /// The fraction of samples whose label is among the five highest scores.
  public var top5Fraction: Double { samples == 0 ? 0 : Double(top5) / Double(samples) }

  /// Between which fractions the accuracy on all such samples lies, with 95 % confidence (E. B.
  /// Wilson, 1927); from 0 to 1 without samples.
  public var top1Interval: ClosedRange<Double> {
    guard samples > 0 else { return 0...1 }
    let z = 1.959964, n = Double(samples), p = top1Fraction
    let center = p + z * z / (2 * n)
    let spread = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    let scale = 1 + z * z / n
    return max(0, (center - spread) / scale)...min(1, (center + spread) / scale)
  }

  /// Runs a classifier on labelled samples. Of several outputs the first counts; its last axis is
  /// the classes. Ties go to the class with the lower number, as numpy's argmax does.
  ///
  /// - Parameters:
  ///   - batch: samples a run, where the model's batch axis is open.
  ///   - progress: called after each batch.
  /// - Throws: `ModelError` when the data has no labels or a label is no class.
  public init(
    of model: Model, on data: Dataset, options: SessionOptions, batch: Int = 64,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) {
    guard let labels = data.labels else {
      throw ModelError(.request, "evaluation: expected an array 'labels' in the data, found none")
    }
    let session = try Session(model, options: options)
    let output = model.graph[model.graph.outputs[0].value].name
    self.init()
    let run = SampleRun(data, for: model, batch: batch)
    try run.forEach(progress: progress) { inputs, range throws(ModelError) in
      let results = try session.run(inputs, outputs: [output])
      try add(results[output], named: output, Array(labels[range]))
    }
  }

  /// Nothing counted yet.
  package init() { (samples, top1, top5) = (0, 0, 0) }

  /// Takes in the scores of some samples, the classes along the last axis.
  ///
  /// - Throws: `ModelError` when there are no scores or a label is no class.
  package mutating func add(
    _ tensor: Tensor?, named output: String, _ labels: [Int]
  ) throws(ModelError) {
    guard let tensor, let scores = tensor.floats, !scores.isEmpty, !labels.isEmpty,
      scores.count % labels.count == 0
    else {
      throw ModelError(
        .request,
        "output '\(output)': expected scores of type float, one row a sample, found \(tensor.map { "\($0.type)" } ?? "none")"
      )
    }
    let classes = scores.count / labels.count
    for (row, label) in labels.enumerated() {
      guard label >= 0, label < classes else {
        throw ModelError(
          .request,
          "labels: expected a class from 0 to \(classes - 1), found \(label) for sample \(samples)"
        )
      }
      let own = scores[row * classes + label]
      var above = 0
      for other in 0..<classes {
        let score = scores[row * classes + other]
        // A score that is not a number never wins, and a label without one is never right.
        if score > own || (score == own && other < label) || own.isNaN { above += 1 }
      }
      top1 += above == 0 ? 1 : 0
      top5 += above < 5 && !own.isNaN ? 1 : 0
      samples += 1
    }
  }
}
