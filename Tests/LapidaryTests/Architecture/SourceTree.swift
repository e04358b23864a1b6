import Foundation
import TestSupport

/// A Swift file of the repository.
struct Source: Sendable {
  /// The path from the top folder.
  let path: String
  let text: String
  /// The text without comments and the contents of strings, line by line as it was.
  let code: String

  /// The lines of the file.
  var lineCount: Int { text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 }

  /// The target that the file belongs to: the folder below `Sources` or `Tests`.
  var target: String {
    let parts = path.split(separator: "/")
    return parts.count > 2 ? String(parts[1]) : ""
  }

  /// The names of the modules that the file imports.
  var imports: [String] {
    code.matches(
      of:
        /(?m)^\s*(?:@_exported )?(?:(?:public|package|internal|private) )?import (?:struct |class |enum |func )?(\w+)/
    ).map { String($0.output.1) }
  }

  /// The string literals without escapes or interpolations that stand outside of comments.
  var literals: [String] {
    text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
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
      return Source(path: "\(folder)/\(name)", text: text, code: SourceText.code(text))
    }
  }
}
