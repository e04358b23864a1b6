package import IR

/// Words without stop words, in one case
/// (https://onnx.ai/onnx/operators/onnx__StringNormalizer.html).
package struct StringNormalizer: TextOperator {
  package static let schema = Schema(
    "StringNormalizer", opsets: 10...28,
    signature: """
      10: (string) -> string; <case_change_action: string = NONE, is_case_sensitive: int = 0,
        locale: string, stopwords: strings>
      """)

  private enum Change: String {
    case none = "NONE"
    case lower = "LOWER"
    case upper = "UPPER"

    func apply(_ text: String, _ letters: Letters) -> String {
      switch self {
      case .none: text
      case .lower: letters.lower(text)
      case .upper: letters.upper(text)
      }
    }
  }

  /// Unicode's cases of letters, and those of languages whose i has a dot in both cases.
  private struct Letters {
    let hasDottedI: Bool

    init(locale: String) {
      hasDottedI = ["tr", "az"].contains(locale.prefix { $0 != "_" && $0 != "-" && $0 != "." })
    }

    func lower(_ text: String) -> String {
      guard hasDottedI else { return text.lowercased() }
      return text.replacing("I", with: "ı").replacing("İ", with: "i").lowercased()
    }

    func upper(_ text: String) -> String {
      guard hasDottedI else { return text.uppercased() }
      return text.replacing("i", with: "İ").replacing("ı", with: "I").uppercased()
    }
  }

  private let change: Change
  private let isCaseSensitive: Bool
  private let locale: String
  private let stopWords: [String]

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let name = try node.string("case_change_action", default: "NONE")
    guard let change = Change(rawValue: name) else {
      throw node.mismatch("case_change_action", expected: "NONE, LOWER or UPPER", found: name)
    }
    self.change = change
    isCaseSensitive = try node.flag("is_case_sensitive")
    locale = try node.string("locale", default: "en_US")
    stopWords = try (node.strings("stopwords") ?? []).map { String(decoding: $0, as: UTF8.self) }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireStrings(0)
    try inputs.requireRank(0, 1...2)
    guard let rank = inputs.rank(0) else { return [Inferred(.string, nil)] }
    return [Inferred(.string, Shape(rank == 1 ? [.unknown] : [1, .unknown]))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let (texts, shape) = try call.strings(0)
    guard shape.count == 1 || shape.count == 2 && shape[0] == 1 else {
      throw call.mismatch(0, expected: "strings of shape [C] or [1,C]")
    }
    let letters = Letters(locale: locale)
    let folded = Set(stopWords.map { isCaseSensitive ? $0 : letters.lower($0) })
    var words = texts.map { String(decoding: $0, as: UTF8.self) }
    words.removeAll { folded.contains(isCaseSensitive ? $0 : letters.lower($0)) }
    // Nothing left is one empty string, so that what follows has something to read.
    var results = words.map { Array(change.apply($0, letters).utf8) }
    if results.isEmpty { results = [[]] }
    return [.tensor(Tensor(strings: results, shape.dropLast() + [results.count]))]
  }
}
