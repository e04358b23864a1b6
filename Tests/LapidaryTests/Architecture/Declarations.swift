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

  init(_ code: String) {
    let words = code.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .flatMap { line, text in
        text.matches(of: /[A-Za-z_][A-Za-z0-9_.]*|[^\s]/).map { (line, $0.output) }
      }
    for (index, (line, word)) in words.enumerated() {
      let next = index + 1 < words.count ? words[index + 1].1 : ""
      let last = index > 0 ? words[index - 1].1 : ""
      read(word, line: line, last: last, next: next)
    }
  }

  private mutating func read(_ word: Substring, line: Int, last: Substring, next: Substring) {
    switch word {
    case "(", "[": parentheses += 1
    case ")", "]": parentheses -= 1
    case "{": open()
    case "}": close(line)
    case "func":
      count()
      begin(.function(String(next), line: line))
    case "init" where ["(", "<", "?", "!"].contains(next) && last != ".":
      count()
      begin(.function("init", line: line))
    case _ where Self.types.contains(word) && last != "import" && next.first?.isUppercase == true:
      begin(.type(String(next)))
    case _ where Self.properties.contains(word) && parentheses == 0:
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
