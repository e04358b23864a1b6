internal import IR

/// Reads values that stand in one line, those in brackets and braces among them.
struct YAMLScanner {
  /// What has not been read.
  private(set) var rest: Substring
  private let line: Int
  private var depth = 0
  private static let deepest = 64

  init(_ text: Substring, _ line: Int) {
    rest = text
    self.line = line
  }

  /// Whether brackets or braces are open at the end.
  static func isOpen(_ text: Substring) -> Bool {
    guard text.first == "[" || text.first == "{" else { return false }
    var open = 0
    var quote: Character?
    var previous: Character = " "
    for character in text {
      if let mark = quote {
        if character == mark && !(mark == "\"" && previous == "\\") { quote = nil }
      } else if (character == "\"" || character == "'") && " [{,:".contains(previous) {
        quote = character
      } else if character == "[" || character == "{" {
        open += 1
      } else if character == "]" || character == "}" {
        open -= 1
      }
      previous = character
    }
    return open > 0
  }

  private mutating func skipSpaces() { rest = rest.drop { $0 == " " || $0 == "\t" } }

  /// The key and its colon; nil, with nothing read, where there is none.
  mutating func key() throws(ModelError) -> String? {
    let start = rest
    if let first = rest.first, "[{".contains(first) { return nil }
    let name: String
    if let quote = rest.first, quote == "\"" || quote == "'" {
      name = try quoted(quote)
    } else {
      guard
        let colon = rest.indices.first(where: { index in
          let after = rest.index(after: index)
          return rest[index] == ":" && (after == rest.endIndex || rest[after] == " ")
        }), depth == 0 || !rest[..<colon].contains(where: { ",[]{}".contains($0) })
      else { return nil }
      name = String(rest[..<colon]).trimmingSpaces
      rest = rest[colon...]
      try refuse(name)
    }
    skipSpaces()
    guard rest.first == ":" else {
      rest = start
      return nil
    }
    rest.removeFirst()
    skipSpaces()
    return name
  }

  /// The next value; nil for `null`.
  mutating func value(inBrackets: Bool) throws(ModelError) -> Any? {
    skipSpaces()
    switch rest.first {
    case "[": return try list()
    case "{": return try mapping()
    case "\"": return try quoted("\"")
    case "'": return try quoted("'")
    default: break
    }
    let text: Substring
    if inBrackets {
      // In brackets a colon ends a word where a space or the end of the brackets follows.
      text = rest.prefix { !",]}".contains($0) }
    } else {
      text = rest
    }
    rest = rest[text.endIndex...]
    let word = String(text).trimmingSpaces
    try refuse(word)
    return YAMLScalar.value(word)
  }

  private func refuse(_ word: String) throws(ModelError) {
    guard let first = word.first else { return }
    let words: [Character: String] = [
      "&": "no anchor", "*": "no alias; quote a pattern that begins with it", "!": "no tag",
      "|": "a text on one line", ">": "a text on one line", "%": "no directive",
      "@": "quotes around the word", "`": "quotes around the word",
    ]
    if let expected = words[first] { throw YAML.error(line, expected, word) }
  }

  private mutating func list() throws(ModelError) -> [Any] {
    try enter("]")
    var items: [Any] = []
    while try !leaves("]") {
      items.append(try value(inBrackets: true) ?? "")
      try separate("]")
    }
    return items
  }

  private mutating func mapping() throws(ModelError) -> [String: Any] {
    try enter("}")
    var result: [String: Any] = [:]
    while try !leaves("}") {
      guard let name = try key() else { throw YAML.error(line, "KEY: VALUE in braces", rest) }
      guard result[name] == nil else { throw YAML.error(line, "each key once", name) }
      result[name] = try value(inBrackets: true) ?? ""
      try separate("}")
    }
    return result
  }

  private mutating func enter(_ end: Character) throws(ModelError) {
    rest.removeFirst()
    depth += 1
    guard depth < Self.deepest else {
      throw YAML.error(line, "no more than \(Self.deepest) levels", rest)
    }
  }

  private mutating func leaves(_ end: Character) throws(ModelError) -> Bool {
    skipSpaces()
    guard let first = rest.first else {
      throw ModelError(.malformed, "recipe, line \(line): expected '\(end)', found the end")
    }
    guard first == end else { return false }
    rest.removeFirst()
    skipSpaces()
    depth -= 1
    return true
  }

  private mutating func separate(_ end: Character) throws(ModelError) {
    skipSpaces()
    if rest.first == "," {
      rest.removeFirst()
    } else if let first = rest.first, first != end {
      throw YAML.error(line, "a comma or '\(end)'", rest)
    }
  }

  private mutating func quoted(_ quote: Character) throws(ModelError) -> String {
    var text = ""
    rest.removeFirst()
    while let character = rest.popFirst() {
      if character == quote {
        // Two single quotes are one.
        guard quote == "'", rest.first == "'" else {
          skipSpaces()
          return text
        }
        rest.removeFirst()
        text.append(quote)
      } else if character == "\\" && quote == "\"" {
        text.append(try escaped())
      } else {
        text.append(character)
      }
    }
    throw ModelError(.malformed, "recipe, line \(line): expected a closing \(quote), found none")
  }

  private mutating func escaped() throws(ModelError) -> Character {
    let known: [Character: Character] = [
      "n": "\n", "t": "\t", "\\": "\\", "\"": "\"", "/": "/", "0": "\0", " ": " ",
    ]
    guard let mark = rest.popFirst(), let character = known[mark] else {
      throw YAML.error(line, "one of \\n \\t \\\\ \\\" behind a backslash", rest)
    }
    return character
  }
}

/// What a word without quotes means.
enum YAMLScalar {
  static func value(_ word: String) -> Any? {
    switch word {
    case "", "~", "null", "Null", "NULL": return nil
    case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return true
    case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return false
    case ".inf", "+.inf": return Double.infinity
    case "-.inf": return -Double.infinity
    case ".nan": return Double.nan
    default: break
    }
    let digits = word.drop { $0 == "-" || $0 == "+" }
    guard let first = digits.first, first.isASCII, first.isNumber || first == ".",
      word.count - digits.count <= 1
    else { return word }
    if word.hasPrefix("0x"), let number = Int(word.dropFirst(2), radix: 16) { return number }
    if word.hasPrefix("0o"), let number = Int(word.dropFirst(2), radix: 8) { return number }
    let isNumber = digits.allSatisfy { $0.isASCII && ($0.isNumber || "._eE+-".contains($0)) }
    guard isNumber else { return word }
    let plain = word.replacing("_", with: "")
    return Int(plain) ?? Double(plain) ?? word
  }
}

extension String {
  var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
