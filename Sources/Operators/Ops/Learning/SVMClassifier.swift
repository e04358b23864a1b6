package import IR
internal import Kernels

/// Support vectors of each pair of classes, which vote
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_SVMClassifier.html); or, where there are none, weighted
/// sums of the features. What the standard leaves open is as ONNX Runtime has it: the class with most
/// votes is named, also beside probabilities that favour another.
package struct SVMClassifier: Classifier {
  package static let schema = Schema(
    "SVMClassifier", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1, outputs: 1...2)
  package let labels: ClassLabels
  private let transform: ScoreTransform
  private let kernel: SupportKernel
  /// `[vectors, features]`.
  private let vectors: [Double]
  /// Where the support vectors of each class begin, and their number behind; empty without vectors.
  private let starts: [Int]
  /// `[classes - 1, vectors]`, or `[classes, features]` without vectors.
  private let coefficients: [Double]
  /// One for each pair of classes, or one.
  private let offsets: [Double]
  /// For each pair the slope and the offset of its probability; empty for none.
  private let probabilities: [(slope: Double, offset: Double)]

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    func numbers(_ name: String) throws(ModelError) -> [Double] {
      (try node.floats(name) ?? []).map { Double($0) }
    }
    labels = try ClassLabels(node, integers: "classlabels_ints", atLeast: 2)
    transform = try node.choice("post_transform", default: .none)
    kernel = try SupportKernel(node)
    coefficients = try numbers("coefficients")
    vectors = try numbers("support_vectors")
    offsets = try numbers("rho")
    let slopes = try numbers("prob_a"), shifts = try numbers("prob_b")
    var starts = [0]
    for count in try node.ints("vectors_per_class") ?? [] {
      guard count >= 0, let last = starts.last, count <= vectors.count else {
        throw node.mismatch(
          "vectors_per_class", expected: "numbers of support vectors", found: "\(count)")
      }
      starts.append(last + count)
    }
    let count = starts.last ?? 0, classes = labels.count
    let pairs = classes * (classes - 1) / 2
    guard
      count == 0
        ? coefficients.count % classes == 0 && !offsets.isEmpty
        : starts.count == classes + 1 && vectors.count % count == 0
          && coefficients.count == (classes - 1) * count && offsets.count == pairs,
      slopes.count == shifts.count, slopes.isEmpty || slopes.count == pairs
    else {
      throw node.mismatch(
        "coefficients",
        expected: "numbers for \(classes) classes with \(count) support vectors and \(pairs) pairs",
        found: "\(coefficients.count) coefficients, \(vectors.count) numbers of vectors,"
          + " \(offsets.count) offsets and \(slopes.count) slopes")
    }
    probabilities = count == 0 ? [] : zip(slopes, shifts).map { ($0, $1) }
    isPlain = count == 0 && slopes.isEmpty
    self.starts = count == 0 ? [] : starts
  }

  /// Whether weighted sums of features alone decide.
  private let isPlain: Bool

  /// Without probabilities pairs of more than two classes are scored, not classes.
  package var scoreCount: Int {
    let classes = labels.count
    return starts.isEmpty || !probabilities.isEmpty || classes == 2
      ? classes : classes * (classes - 1) / 2
  }

  private var features: Int {
    starts.last.map { vectors.count / $0 } ?? coefficients.count / labels.count
  }

  package func classify(
    _ rows: Evaluation
  ) throws(ModelError) -> [(label: Int, scores: [Double])] {
    let (count, width, values) = try rows.rows()
    try rows.require(features == width, 0, "\(features) features a row")
    return (0..<count).map { row in
      let x = values[row * width..<(row + 1) * width]
      return starts.isEmpty ? ofSums(x) : ofPairs(x)
    }
  }

  // MARK: Weighted sums

  private func ofSums(_ x: ArraySlice<Double>) -> (label: Int, scores: [Double]) {
    let scores = (0..<labels.count).map { place in
      zip(x, coefficients[(place * x.count)...]).reduce(offsets[0]) { $0 + $1.0 * $1.1 }
    }
    var label = scores.largestPlace
    if labels.count == 2, isPlain {
      // ONNX Runtime takes the larger of two sums for that of the second class.
      let least = coefficients.allSatisfy { $0 >= 0 } ? 0.5 : Double.leastNonzeroMagnitude
      if scores[label] >= least { label = 1 }
    }
    return (label, transform.applied(to: scores))
  }

  // MARK: Pairs

  private func ofPairs(_ x: ArraySlice<Double>) -> (label: Int, scores: [Double]) {
    let scores = pairs(x), classes = labels.count
    var votes = [Double](repeating: 0, count: classes), place = 0
    for first in 0..<classes {
      for second in first + 1..<max(classes, first + 1) {
        votes[scores[place] > 0 ? first : second] += 1
        place += 1
      }
    }
    let label = votes.largestPlace
    guard probabilities.isEmpty else { return (label, transform.applied(to: coupled(scores))) }
    guard classes == 2 else { return (label, transform.applied(to: scores)) }
    let score = scores[0]
    switch transform {
    case .none: return (label, [-score, score])
    case .logistic: return (label, [logistic(-score), logistic(score)])
    case .probit: return (label, [probit(score), probit(1 - score)])
    case .softmax, .softmaxOfOthers: return (label, [1 - score, score])
    }
  }

  /// What is said of each pair of classes, above 0 for the first.
  private func pairs(_ x: ArraySlice<Double>) -> [Double] {
    let width = x.count, count = starts.last ?? 0
    let near = (0..<count).map { kernel.value(x, vectors[$0 * width..<($0 + 1) * width]) }
    func sum(_ row: Int, of kind: Int) -> Double {
      (starts[kind]..<starts[kind + 1]).reduce(0) { $0 + coefficients[row * count + $1] * near[$1] }
    }
    var result: [Double] = []
    for first in 0..<labels.count {
      for second in first + 1..<max(labels.count, first + 1) {
        result.append(sum(second - 1, of: first) + sum(first, of: second) + offsets[result.count])
      }
    }
    return result
  }

  /// Probabilities of classes, from what is said of pairs.
  private func coupled(_ scores: [Double]) -> [Double] {
    let classes = labels.count
    var pairs = [Double](repeating: 0, count: classes * classes), place = 0
    for first in 0..<classes {
      for second in first + 1..<max(classes, first + 1) {
        let line = scores[place] * probabilities[place].slope + probabilities[place].offset
        let chance = min(max(1 - logistic(line), 1e-7), 1 - 1e-7)
        pairs[first * classes + second] = chance
        pairs[second * classes + first] = 1 - chance
        place += 1
      }
    }
    return coupledProbabilities(classes, pairs: pairs)
  }
}

extension SVMClassifier {
  package var gradient: Gradient { .none("its derivative is not written") }
}
