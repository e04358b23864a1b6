import Foundation
import Lapidary
import TestSupport
import Testing

/// Every command on the pages in `docs` is run, in the order in which they stand.
@Suite("Pages by task") struct DocsTests {
  /// Commands that a page shows behind `$`, continued lines joined.
  private static func commands(_ text: String) -> [String] {
    var commands: [String] = []
    var isConsole = false
    var open = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isConsole = line == "```console"
        open = false
      } else if isConsole {
        if line.hasPrefix("$ ") {
          commands.append(String(line.dropFirst(2)))
        } else if open, let last = commands.popLast() {
          commands.append(last + "\n" + line)
        } else {
          continue
        }
        open = line.hasSuffix("\\")
      }
    }
    return commands
  }

  @Test(
    arguments: [
      "install", "deploy-a-cnn", "deploy-a-detector", "deploy-a-transformer", "edit-a-model",
      "recipes", "ci-check", "proofs",
    ])
  func page(_ name: String) throws {
    let text = try String(
      contentsOf: Repository.root.appendingPathComponent("docs/\(name).md"), encoding: .utf8)
    let commands = Self.commands(text)
    #expect(!commands.isEmpty)
    let folder = try TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder["Fixtures"],
      withDestinationPath: Repository.root.appendingPathComponent("Fixtures").path)
    // The command as users have it: a word on the path.
    try FileManager.default.createDirectory(
      atPath: folder["bin"], withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: folder["bin/lapidary"], withDestinationPath: Command.path)
    let script =
      "PATH=\"$PWD/bin:$PATH\"\n"
      + commands.map {
        "\($0)\nstatus=$?; [ $status = 0 ] || { echo \"failed: $status\" >&2; exit 3; }\n"
      }
      .joined()
    let outcome = try Command.shell(script, in: folder.path)
    #expect(
      outcome.status == 0, "\(outcome.errors)\n\(String(decoding: outcome.output, as: UTF8.self))")
  }

  @Test("Every page is in the list, and every link leads somewhere")
  func links() throws {
    let docs = Repository.root.appendingPathComponent("docs")
    let pages = try FileManager.default.contentsOfDirectory(atPath: docs.path)
      .filter { $0.hasSuffix(".md") }
    let index = try String(contentsOf: docs.appendingPathComponent("README.md"), encoding: .utf8)
    for page in pages where page != "README.md" { #expect(index.contains("(\(page))"), "\(page)") }
    for page in pages {
      let text = try String(contentsOf: docs.appendingPathComponent(page), encoding: .utf8)
      for link in text.matches(of: /\]\(([^)#:]+)\)/).map({ String($0.output.1) }) {
        #expect(
          FileManager.default.fileExists(atPath: docs.appendingPathComponent(link).path),
          "\(page) leads to \(link)")
      }
    }
  }
}
