/// Swift source without what is not code: comments and the contents of string literals are spaces,
/// lines stay where they are.
struct SourceText {
  private let bytes: [UInt8]
  private var result: [UInt8]
  private var at = 0

  private init(_ text: String) {
    bytes = Array(text.utf8)
    result = bytes
  }

  /// The code of a file.
  static func code(_ text: String) -> String {
    var scan = SourceText(text)
    while scan.at < scan.bytes.count { scan.step() }
    return String(decoding: scan.result, as: UTF8.self)
  }

  private mutating func step() {
    guard "/\"#".utf8.contains(bytes[at]) else {
      at += 1
      return
    }
    if starts("//") {
      while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { blank() }
    } else if starts("/*") {
      comment()
    } else if starts("\"") || starts("#\"") {
      string()
    } else if starts("/"), beginsRegex() {
      regex()
    } else {
      at += 1
    }
  }

  private func starts(_ word: String) -> Bool { bytes[at...].starts(with: word.utf8) }

  private mutating func blank(_ count: Int = 1) {
    for _ in 0..<count where at < bytes.count {
      if bytes[at] != UInt8(ascii: "\n") { result[at] = UInt8(ascii: " ") }
      at += 1
    }
  }

  private mutating func comment() {
    var depth = 0
    repeat {
      if starts("/*") {
        depth += 1
        blank(2)
      } else if starts("*/") {
        depth -= 1
        blank(2)
      } else {
        blank()
      }
    } while depth > 0 && at < bytes.count
  }

  private mutating func string() {
    let isRaw = starts("#")
    if isRaw { blank() }
    let isLong = starts("\"\"\"")
    blank(isLong ? 3 : 1)
    let end = isLong ? "\"\"\"" : "\""
    while at < bytes.count, !starts(end) {
      if !isRaw, starts("\\(") {
        interpolation()
      } else {
        blank(!isRaw && starts("\\") ? 2 : 1)
      }
    }
    blank((isLong ? 3 : 1) + (isRaw ? 1 : 0))
  }

  private mutating func interpolation() {
    blank(2)
    var depth = 1
    while depth > 0, at < bytes.count {
      if starts("\"") {
        string()
        continue
      }
      if starts("(") { depth += 1 }
      if starts(")") { depth -= 1 }
      blank()
    }
  }

  /// Whether a slash opens a regular expression: behind an opening bracket, a comma or a colon.
  private func beginsRegex() -> Bool {
    guard at + 1 < bytes.count, bytes[at + 1] != UInt8(ascii: " ") else { return false }
    var before = at - 1
    while before >= 0, bytes[before] == UInt8(ascii: " ") || bytes[before] == UInt8(ascii: "\n") {
      before -= 1
    }
    return before >= 0 && "(,:=".utf8.contains(bytes[before])
  }

  private mutating func regex() {
    blank()
    while at < bytes.count, !starts("/"), !starts("\n") { blank(starts("\\") ? 2 : 1) }
    blank()
  }
}
