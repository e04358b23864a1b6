package import IR

/// Counts of n-grams of words or numbers, weighted
/// (https://onnx.ai/onnx/operators/onnx__TfIdfVectorizer.html).
package struct TfIdfVectorizer: TextOperator {
  package static let schema = Schema(
    "TfIdfVectorizer", opsets: 9...28,
    signature: """
      9: (T) -> T1; <max_gram_length: int!, max_skip_count: int!, min_gram_length: int!,
        mode: string!, ngram_counts: ints!, ngram_indexes: ints!, pool_int64s: ints,
        pool_strings: strings, weights: floats>; T: int32 int64 string; T1: float
      """)

  private enum Mode: String {
    case frequency = "TF"
    case inverse = "IDF"
    case both = "TFIDF"
  }

  private let mode: Mode
  private let lengths: ClosedRange<Int>
  private let skips: Int
  /// The place among outputs and the weight of each n-gram; words are their UTF-8, numbers their
  /// digits.
  private let grams: [[[UInt8]]: (output: Int, weight: Float)]
  private let width: Int
  private let isText: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let name = try node.string("mode")
    guard let mode = Mode(rawValue: name) else {
      throw node.mismatch("mode", expected: "TF, IDF or TFIDF", found: name)
    }
    self.mode = mode
    let shortest = try node.int("min_gram_length"), longest = try node.int("max_gram_length")
    guard shortest >= 1, longest >= shortest else {
      throw node.mismatch(
        "max_gram_length", expected: "a length from min_gram_length, \(shortest)",
        found: "\(longest)")
    }
    skips = try node.int("max_skip_count")
    guard skips >= 0, skips < Int.max else {
      throw node.mismatch("max_skip_count", expected: "0 or more", found: "\(skips)")
    }
    let strings = try node.strings("pool_strings")
    let numbers = try node.ints("pool_int64s")
    isText = !(strings ?? []).isEmpty
    let pool = isText ? strings ?? [] : (numbers ?? []).map { Array("\($0)".utf8) }
    let outputs = try node.ints("ngram_indexes") ?? []
    let weights = try node.floats("weights") ?? []
    guard outputs.allSatisfy({ $0 >= 0 && $0 < 1 << 31 }) else {
      throw node.mismatch("ngram_indexes", expected: "places from 0", found: "\(outputs)")
    }
    width = (outputs.max() ?? -1) + 1
    let starts = try node.ints("ngram_counts") ?? []
    // Longer n-grams than the pool has cannot be found.
    lengths = shortest...max(shortest, min(longest, starts.count))
    grams = try Self.grams(pool, starts, outputs, weights, node)
  }

  /// The pool holds all 1-grams, then all 2-grams, and so on; `starts` says where each begins.
  private static func grams(
    _ pool: [[UInt8]], _ starts: [Int], _ outputs: [Int], _ weights: [Float], _ node: NodeView
  ) throws(ModelError) -> [[[UInt8]]: (output: Int, weight: Float)] {
    var grams: [[[UInt8]]: (output: Int, weight: Float)] = [:]
    var number = 0
    for (index, start) in starts.enumerated() {
      let end = starts[safe: index + 1] ?? pool.count
      guard start >= 0, start <= end, end <= pool.count, (end - start) % (index + 1) == 0 else {
        throw node.mismatch(
          "ngram_counts", expected: "rising places in a pool of \(pool.count)", found: "\(starts)")
      }
      for place in stride(from: start, to: end, by: index + 1) {
        guard let output = outputs[safe: number], weights.isEmpty || number < weights.count else {
          throw node.mismatch(
            "ngram_indexes", expected: "one for each n-gram", found: "\(outputs.count)")
        }
        grams[Array(pool[place...place + index])] = (output, weights[safe: number] ?? 1)
        number += 1
      }
    }
    return grams
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 1...2)
    guard let shape = inputs.shape(0) else { return [Inferred(.float, nil)] }
    return [Inferred(.float, Shape(Array(shape.dimensions.dropLast()) + [.known(width)]))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let x = try call.tensor(0)
    let words: [[UInt8]]
    if isText {
      words = try call.strings(0).texts
    } else {
      words = try call.integers(0).map { Array("\($0)".utf8) }
    }
    guard (1...2).contains(x.dimensions.count) else {
      throw call.mismatch(0, expected: "a vector or rows of them")
    }
    let rows = x.dimensions.count == 2 ? x.dimensions[0] : 1
    let length = x.dimensions.last ?? 0
    var results: [Float] = []
    for row in 0..<rows { results += vector(words[row * length..<(row + 1) * length]) }
    return [.tensor(Tensor(floats: results, Array(x.dimensions.dropLast()) + [width]))]
  }

  private func vector(_ words: ArraySlice<[UInt8]>) -> [Float] {
    var counts = [Float](repeating: 0, count: width)
    var weights = [Float](repeating: 0, count: width)
    for length in lengths {
      // Words of an n-gram may lie apart by the same number of others; one word has no gaps.
      for step in 1...(length == 1 ? 1 : skips + 1) {
        let reach = (length - 1) * step
        guard reach < words.count else { break }
        for start in words.startIndex..<words.endIndex - reach {
          let gram = (0..<length).map { words[start + $0 * step] }
          guard let (output, weight) = grams[gram] else { continue }
          counts[output] += 1
          weights[output] = weight
        }
      }
    }
    return (0..<width).map { index in
      switch mode {
      case .frequency: counts[index]
      case .inverse: counts[index] > 0 ? weights[index] : 0
      case .both: counts[index] * weights[index]
      }
    }
  }
}
