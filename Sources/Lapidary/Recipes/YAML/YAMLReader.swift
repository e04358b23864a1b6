internal import IR

/// Reads mappings and sequences that indentation holds together.
struct YAMLReader {
  private var lines: [YAMLLine]
  private var next = 0
  /// Nested deeper than this is no recipe.
  private static let deepest = 64
  private var depth = 0

  init(_ lines: [YAMLLine]) { self.lines = lines }

  /// The whole document.
  mutating func document() throws(ModelError) -> Any? {
    guard let first = lines.first else { return nil }
    let value = try node(first.indent)
    if let rest = lines.dropFirst(next).first {
      throw YAML.error(rest.number, "the indentation of the lines above", rest.text)
    }
    return value
  }

  private var line: YAMLLine? { next < lines.count ? lines[next] : nil }

  /// The value that begins at the present line.
  private mutating func node(_ indent: Int) throws(ModelError) -> Any? {
    guard let line else { return nil }
    depth += 1
    defer { depth -= 1 }
    guard depth < Self.deepest else {
      throw YAML.error(line.number, "no more than \(Self.deepest) levels", line.text)
    }
    if Self.isItem(line.text) { return try sequence(indent) }
    if try key(of: line) != nil { return try mapping(indent) }
    return try inline(line.text, indent)
  }

  private static func isItem(_ text: Substring) -> Bool { text == "-" || text.hasPrefix("- ") }

  private mutating func sequence(_ indent: Int) throws(ModelError) -> [Any] {
    var items: [Any] = []
    while let line, line.indent == indent, Self.isItem(line.text) {
      let rest = line.text.dropFirst().drop { $0 == " " }
      if rest.isEmpty {
        next += 1
        items.append(try nested(indent) ?? "")
      } else {
        // What stands behind the dash is a line of its own, further in.
        lines[next].indent += line.text.count - rest.count
        lines[next].text = rest
        items.append(try node(lines[next].indent) ?? "")
      }
    }
    return items
  }

  private mutating func mapping(_ indent: Int) throws(ModelError) -> [String: Any] {
    var result: [String: Any] = [:]
    while let line, line.indent == indent {
      guard let (name, rest) = try key(of: line) else {
        throw YAML.error(line.number, "KEY: VALUE", line.text)
      }
      guard result[name] == nil else {
        throw YAML.error(line.number, "each key once", name)
      }
      let value: Any?
      if rest.isEmpty {
        next += 1
        value = try nested(indent, orItems: true)
      } else {
        value = try inline(rest, indent)
      }
      result[name] = value ?? ""
    }
    return result
  }

  /// The value on the lines below that are further in; nil where there are none.
  ///
  /// - Parameter orItems: whether a sequence may begin as far out as its key.
  private mutating func nested(_ indent: Int, orItems: Bool = false) throws(ModelError) -> Any? {
    guard let line else { return nil }
    let isItems = orItems && line.indent == indent && Self.isItem(line.text)
    guard line.indent > indent || isItems else { return nil }
    return try node(line.indent)
  }

  /// The key that a line begins with and what stands behind the colon; nil where it has none.
  private func key(of line: YAMLLine) throws(ModelError) -> (String, Substring)? {
    var scanner = YAMLScanner(line.text, line.number)
    guard let name = try scanner.key() else { return nil }
    return (name, scanner.rest)
  }

  /// A value that begins in the present line; brackets may be closed in a later one.
  private mutating func inline(_ text: Substring, _ indent: Int) throws(ModelError) -> Any? {
    guard let line else { return nil }
    next += 1
    var text = text
    while YAMLScanner.isOpen(text), let more = self.line {
      text += " " + more.text
      next += 1
    }
    var scanner = YAMLScanner(text, line.number)
    let value = try scanner.value(inBrackets: false)
    guard scanner.rest.isEmpty else {
      throw YAML.error(line.number, "nothing behind the value", scanner.rest)
    }
    if let below = self.line, below.indent > indent {
      throw YAML.error(below.number, "the indentation of the lines above", below.text)
    }
    return value
  }
}
