internal import IR

/// Reads the part of YAML 1.2 that recipes are written in: mappings and sequences, indented or in
/// braces and brackets, plain and quoted scalars on one line, comments.
///
/// What recipes have no use for (anchors, tags, several documents, scalars over several lines, keys
/// that are no words) is refused by name, so that nothing is read as something else.
enum YAML {
  /// The value of a document: `[String: Any]`, `[Any]`, `String`, `Int`, `Double`, `Bool`, or nil for
  /// an empty one or one that is `null`.
  ///
  /// - Throws: `ModelError` with code `malformed` and the line.
  static func load(_ text: String) throws(ModelError) -> Any? {
    var reader = YAMLReader(try YAMLLine.all(of: text))
    return try reader.document()
  }

  static func error(_ line: Int, _ expected: String, _ found: some StringProtocol) -> ModelError {
    ModelError(.malformed, "recipe, line \(line): expected \(expected), found '\(found)'")
  }
}

/// A line of a document that says something.
struct YAMLLine {
  /// Spaces before the text.
  var indent: Int
  /// What stands behind them, without a comment.
  var text: Substring
  let number: Int

  /// The lines but empty ones, those that are comments and the mark where a document begins.
  static func all(of text: String) throws(ModelError) -> [YAMLLine] {
    var lines: [YAMLLine] = []
    let normal = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    for (index, line) in normal.enumerated() {
      let body = line.drop { $0 == " " }
      let content = withoutComment(body)
      if content.isEmpty { continue }
      if content.first == "\t" { throw YAML.error(index + 1, "spaces to indent", "a tab") }
      if content == "---" && lines.isEmpty { continue }
      if content == "---" || content == "..." {
        throw YAML.error(index + 1, "one document", content)
      }
      lines.append(YAMLLine(indent: line.count - body.count, text: content, number: index + 1))
    }
    return lines
  }

  /// The text before a `#` that begins a comment, without spaces at the end.
  private static func withoutComment(_ text: Substring) -> Substring {
    var quote: Character?
    var previous: Character = " "
    var end = text.endIndex
    for index in text.indices {
      let character = text[index]
      if let open = quote {
        if character == open && !(open == "\"" && previous == "\\") { quote = nil }
      } else if character == "#" && (previous == " " || previous == "\t") {
        end = index
        break
      } else if (character == "\"" || character == "'") && " [{,:".contains(previous) {
        quote = character
      }
      previous = character
    }
    var result = text[..<end]
    while let last = result.last, last == " " || last == "\t" { result.removeLast() }
    return result
  }
}
