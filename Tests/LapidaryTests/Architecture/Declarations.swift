/// Where functions and members stand in a file, found by its braces.
struct Declarations {
  /// A function or initializer with a body.
  struct Function {
    let name: String
    /// The lines from its first to its last, both counted.
    let lines: Int
  }

  private(set) var functions: [Function] = []
  /// How many functions, initializers, subscripts and properties each type has in the file, its
  /// extensions there included. Cases of enumerations are data and do not count.
  private(set) var members: [String: Int] = [:]

  private enum Frame {
    case type(String)
    case function(String, line: Int)
    case other
  }

  private var frames: [Frame] = []
  private var pending: Frame?
  private var parentheses = 0
  private var pendingDepth = 0

  private static let types: Set<Substring> = [
    "struct", "class", "enum", "actor", "protocol", "extension",
  ]
  private static let properties: Set<Substring> = ["var", "let", "subscript"]

  init(_ words: [Word]) {
    for (index, word) in words.enumerated() {
      let last = index > 0 ? words[index - 1].text : ""
      let next = index + 1 < words.count ? words[index + 1].text : ""
      read(word, last: last, next: next) { Self.name(words, after: index) }
    }
  }

  /// The name behind a word, with those of the types around it.
  private static func name(_ words: [Word], after index: Int) -> String {
    var end = index + 1
    guard end < words.count else { return "" }
    var name = String(words[end].text)
    while end + 2 < words.count, words[end + 1].text == "." {
      end += 2
      name += "." + words[end].text
    }
    return name
  }

  private mutating func read(
    _ word: Word, last: Substring, next: Substring, name: () -> String
  ) {
    switch word.text {
    case "(", "[": parentheses += 1
    case ")", "]": parentheses -= 1
    case "{": open()
    case "}": close(word.line)
    case "func":
      count()
      begin(.function(name(), line: word.line))
    case "init" where ["(", "<", "?", "!"].contains(next) && last != ".":
      count()
      begin(.function("init", line: word.line))
    case let text where Self.types.contains(text) && last != "." && next.first?.isUppercase == true:
      if last != "import" { begin(.type(name())) }
    case let text where Self.properties.contains(text) && parentheses == 0:
      count()
      pending = nil
    default: break
    }
  }

  private mutating func begin(_ frame: Frame) {
    pending = frame
    pendingDepth = parentheses
  }

  private mutating func count() {
    if case .type(let name)? = frames.last { members[name, default: 0] += 1 }
  }

  private mutating func open() {
    if let frame = pending, parentheses == pendingDepth {
      frames.append(frame)
      pending = nil
    } else {
      frames.append(.other)
    }
  }

  private mutating func close(_ line: Int) {
    // A closure that is a default argument ends inside the parentheses.
    if parentheses <= pendingDepth { pending = nil }
    guard case .function(let name, let first)? = frames.popLast() else { return }
    functions.append(Function(name: name, lines: line - first + 1))
  }
}
