package import IR
private import Kernels

/// An operator of classical machine learning (https://onnx.ai/onnx/operators/index.html#ai-onnx-ml):
/// rows of features in, one row of results for each.
package protocol Learned: Operator {}

extension Learned {
  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("features have their places in the attributes of \(inputs.label)")
  }
}

/// What becomes of scores at the end.
package enum ScoreTransform: String, CaseIterable, Sendable {
  case none = "NONE"
  case softmax = "SOFTMAX"
  case logistic = "LOGISTIC"
  case softmaxOfOthers = "SOFTMAX_ZERO"
  case probit = "PROBIT"

  /// The scores of one row. A single one is only changed by `probit`, as runtimes have it.
  package func applied(to scores: [Double]) -> [Double] {
    switch self {
    case .none: scores
    case .probit: scores.map { Kernels.probit($0) }
    case .logistic: scores.count > 1 ? scores.map { Kernels.logistic($0) } : scores
    case .softmax: scores.count > 1 ? Kernels.softmax(scores) : scores
    case .softmaxOfOthers: scores.count > 1 ? softmaxOfOthers(scores) : scores
    }
  }

  /// A softmax that leaves zeros as they are.
  private func softmaxOfOthers(_ scores: [Double]) -> [Double] {
    let places = scores.indices.filter { abs(scores[$0]) > 1e-7 }
    let top = scores.max() ?? 0
    // Zeros take part in the maximum, not in the sum.
    let values = Kernels.softmax(places.map { scores[$0] - top })
    var result = scores
    for (place, value) in zip(places, values) { result[place] = value }
    return result
  }
}

extension Evaluation {
  /// The rows of input 0, which is a matrix or one row, and how many features each has.
  package func rows() throws(ModelError) -> (count: Int, width: Int, values: [Double]) {
    let shape = try input(0).shape
    try require((1...2).contains(shape.count), 0, "rank 1 or 2")
    let values = try numbers(0)
    return shape.count == 1 ? (1, shape[0], values) : (shape[0], shape[1], values)
  }
}

extension Inputs {
  /// The number of rows of input 0, which is a matrix or one row.
  package var rowCount: Dimension {
    guard let shape = shape(0) else { return .unknown }
    return shape.rank == 1 ? .known(1) : shape.dimensions.first ?? .unknown
  }
}

extension Learned {
  package var gradient: Gradient { .none("it belongs to classical machine learning") }
}
