import Foundation
import TestSupport

/// A Swift file of the repository.
struct Source: Sendable {
  /// The path from the top folder.
  let path: String
  let text: String
  /// The text without comments and the contents of strings, line by line as it was.
  let code: String
  /// The words and signs of the code, in order.
  let words: [Word]

  init(path: String, text: String) {
    self.path = path
    self.text = text
    code = SourceText.code(text)
    words = Word.all(code)
  }

  /// The lines of the file.
  var lineCount: Int { text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 }

  /// The target that the file belongs to: the folder below `Sources` or `Tests`.
  var target: String {
    let parts = path.split(separator: "/")
    return parts.count > 2 ? String(parts[1]) : ""
  }

  /// The names of the modules that the file imports.
  var imports: [String] {
    words.indices.filter { words[$0].text == "import" && $0 + 1 < words.count }.map { index in
      let next = words[index + 1].text
      let isKind = ["struct", "class", "enum", "func"].contains(next)
      return String(isKind && index + 2 < words.count ? words[index + 2].text : next)
    }
  }

  /// The names of the types that the file declares, in order.
  var declaredTypes: [Substring] {
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
    return zip(words, words.dropFirst())
      .filter { kinds.contains($0.text) && $1.text.first?.isUppercase == true }.map(\.1.text)
  }

  /// The string literals without escapes or interpolations that stand outside of comments.
  var literals: [String] {
    text.split(separator: "\n")
      .filter { $0.utf8.contains(UInt8(ascii: "\"")) && !$0.drop { $0 == " " }.hasPrefix("//") }
      .flatMap { $0.matches(of: /"([^"\\]*)"/).map { String($0.output.1) } }
  }
}

/// All Swift files of the repository, read once.
enum SourceTree {
  static let sources = read("Sources")
  static let tests = read("Tests")

  private static func read(_ folder: String) -> [Source] {
    let root = Repository.root.path
    let files = FileManager.default.enumerator(atPath: "\(root)/\(folder)")
    let names = (files?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }
    return names.sorted().compactMap { name in
      guard let text = try? String(contentsOfFile: "\(root)/\(folder)/\(name)", encoding: .utf8)
      else { return nil }
      return Source(path: "\(folder)/\(name)", text: text)
    }
  }
}

/// A name, a number or a sign of Swift's, with its line counted from 0.
struct Word: Sendable {
  let text: Substring
  let line: Int

  /// The words of code that holds no comments.
  static func all(_ code: String) -> [Word] {
    let bytes = code.utf8
    var words: [Word] = []
    var line = 0
    var start: String.Index?
    for at in bytes.indices {
      let byte = bytes[at]
      if isLetter(byte) {
        start = start ?? at
        continue
      }
      if let first = start { words.append(Word(text: code[first..<at], line: line)) }
      start = nil
      if byte == UInt8(ascii: "\n") {
        line += 1
      } else if byte > UInt8(ascii: " "), byte < 0x80 {
        words.append(Word(text: code[at..<bytes.index(after: at)], line: line))
      }
    }
    return words
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
