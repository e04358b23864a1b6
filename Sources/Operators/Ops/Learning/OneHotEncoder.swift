package import IR

/// For each element a row with a 1 at the place of its category
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_OneHotEncoder.html). Fractions are cut off, as in
/// ONNX Runtime.
package struct OneHotEncoder: TextOperator {
  package static let schema = Schema(
    "OneHotEncoder", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1)
  private let integers: [Int: Int]
  private let texts: [[UInt8]: Int]
  private let count: Int
  /// Whether a row of an element of no category is all zeros.
  private let takesOthers: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let numbers = try node.ints("cats_int64s") ?? [], words = try node.strings("cats_strings") ?? []
    guard numbers.isEmpty != words.isEmpty else {
      throw ModelError(
        .invalid,
        "\(node.label): expected categories that are numbers or texts, found \(numbers.count) numbers"
          + " and \(words.count) texts")
    }
    integers = Dictionary(
      numbers.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    texts = Dictionary(words.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    count = max(numbers.count, words.count)
    takesOthers = try node.int("zeros", default: 1) != 0
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(.float, inputs.shape(0).map { Shape($0.dimensions + [.known(count)]) })]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let x = try call.tensor(0)
    let places: [Int?]
    if case .strings(let words) = x.payload {
      places = words.map { texts[$0] }
    } else if let values = x.doubles {
      places = values.map { Int(exactly: $0.rounded(.towardZero)).flatMap { integers[$0] } }
    } else {
      throw call.mismatch(0, expected: "a tensor of strings or numbers")
    }
    guard takesOthers || !places.contains(nil) else {
      throw call.mismatch(0, expected: "elements of the categories alone")
    }
    guard case let (all, overflow) = places.count.multipliedReportingOverflow(by: count),
      !overflow, all <= 1 << 28
    else { throw call.mismatch(0, expected: "rows that fit in memory") }
    var y = [Float](repeating: 0, count: all)
    for (row, place) in places.enumerated() { if let place { y[row * count + place] = 1 } }
    return [.tensor(Tensor(floats: y, x.dimensions + [count]))]
  }
}

extension OneHotEncoder {
  package var gradient: Gradient { .none("it finds categories") }
}
