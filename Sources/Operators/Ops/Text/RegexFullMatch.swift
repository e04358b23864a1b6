package import IR

/// Whether a regular expression matches the whole of each string
/// (https://onnx.ai/onnx/operators/onnx__RegexFullMatch.html).
package struct RegexFullMatch: TextOperator {
  package static let schema = Schema(
    "RegexFullMatch", opsets: 20...28,
    signature: """
      20: (T1) -> T2; <pattern: string>; T1: string; T2: bool
      """)
  private let pattern: String

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    pattern = try node.string("pattern")
    guard (try? Regex(pattern)) != nil else {
      throw node.mismatch("pattern", expected: "a regular expression", found: "'\(pattern)'")
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireStrings(0)
    return [Inferred(.bool, inputs.shape(0))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let (texts, shape) = try call.strings(0)
    // RE2's meaning: scalars, and words of letters, digits and underscores.
    guard
      let regex = try? Regex(pattern).matchingSemantics(.unicodeScalar)
        .wordBoundaryKind(.simple)
    else {
      throw ModelError(
        .invalid, "\(call.label): expected a regular expression, found '\(pattern)'")
    }
    let matches: [UInt8] = texts.map { text in
      (try? regex.wholeMatch(in: String(decoding: text, as: UTF8.self))) != nil ? 1 : 0
    }
    return [.tensor(Tensor(.bool, shape, Storage(matches)))]
  }
}
