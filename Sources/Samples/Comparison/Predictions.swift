public import Execution
public import IR

/// What a classifier takes each sample for.
public struct Predictions: Sendable {
  /// The class of each sample: the place of the highest score along the last axis of the first
  /// output, the lower one of equals; -1 where no score is a number.
  public let classes: [Int]
  /// The scores, one row a sample.
  package let scores: ScoreRows

  /// Runs a classifier.
  ///
  /// - Parameter batch: samples a run, where the model's batch axis is open.
  /// - Returns: nil where the first output does not hold a row of two or more scores for each sample.
  /// - Throws: `ModelError` where the model cannot be run.
  public init?(
    of model: Model, on data: Dataset, options: SessionOptions, batch: Int = 64
  ) throws(ModelError) {
    let session = try Session(model, options: options)
    let output = model.graph[model.graph.outputs[0].value].name
    var classes: [Int] = []
    var scores = ScoreRows()
    var fits = true
    try SampleRun(data, for: model, batch: batch).forEach { inputs, range throws(ModelError) in
      guard fits else { return }
      let result = try session.run(inputs, outputs: [output])[output]
      guard let result, let rows = Self.classes(result, samples: range.count),
        scores.add(result)
      else {
        fits = false
        return
      }
      classes += rows
    }
    guard fits, classes.count == data.count else { return nil }
    self.classes = classes
    self.scores = scores
  }

  private static func classes(_ tensor: Tensor, samples: Int) -> [Int]? {
    guard tensor.dimensions.count == 2, tensor.dimensions[0] == samples,
      tensor.dimensions[1] > 1, let scores = tensor.floats
    else { return nil }
    let width = tensor.dimensions[1]
    return (0..<samples).map { row in
      var best = -1
      for place in 0..<width where !scores[row * width + place].isNaN {
        if best < 0 || scores[row * width + place] > scores[row * width + best] { best = place }
      }
      return best
    }
  }
}
