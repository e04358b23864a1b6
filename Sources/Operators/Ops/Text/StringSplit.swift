package import IR

/// Strings cut at a delimiter, or at white space
/// (https://onnx.ai/onnx/operators/onnx__StringSplit.html).
///
/// Parts go along a new last axis, which empty strings fill up; the second output counts them.
package struct StringSplit: TextOperator {
  package static let schema = Schema(
    "StringSplit", opsets: 20...28,
    signature: """
      20: (T1) -> (T2, T3); <delimiter: string, maxsplit: int>; T1: string; T2: string;
        T3: int64
      """)
  private let delimiter: [UInt8]
  private let most: Int?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    delimiter = Array(try node.string("delimiter", default: "").utf8)
    most = node.has("maxsplit") ? try node.int("maxsplit") : nil
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireStrings(0)
    let shape = inputs.shape(0)
    return [
      Inferred(.string, shape.map { Shape($0.dimensions + [.unknown]) }), Inferred(.int64, shape),
    ]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let (texts, shape) = try call.strings(0)
    let parts = texts.map { delimiter.isEmpty ? words($0) : pieces($0) }
    let width = parts.map(\.count).max() ?? 0
    let flat = parts.flatMap { $0 + Array(repeating: [], count: width - $0.count) }
    return [
      .tensor(Tensor(strings: flat, shape + [width])),
      .tensor(Tensor(int64: parts.map(\.count), shape)),
    ]
  }

  private func words(_ text: [UInt8]) -> [[UInt8]] {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
    var found: [[UInt8]] = []
    var rest = text[...].drop(while: isSpace)
    while !rest.isEmpty {
      if let most, most >= 0, found.count == most {
        // What is left is one part, but for white space at its end.
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        found.append(Array(rest))
        break
      }
      let word = rest.prefix { !isSpace($0) }
      found.append(Array(word))
      rest = rest[word.endIndex...].drop(while: isSpace)
    }
    return found
  }

  private func pieces(_ text: [UInt8]) -> [[UInt8]] {
    if text.isEmpty { return [] }
    var found: [[UInt8]] = []
    var rest = text[...]
    while most.map({ $0 < 0 || found.count < $0 }) ?? true,
      let range = rest.firstRange(of: delimiter)
    {
      found.append(Array(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return found + [Array(rest)]
  }
}
