import Foundation
import Lapidary
import TestSupport
import Testing

/// What the README says of the library is so.
@Suite struct ReadmeTests {
  @Test("The example of the library compiles, runs, and makes the model smaller")
  func example() throws {
    let folder = try TemporaryFolder()
    let path = Repository.fixture("fashion/fashion.onnx")

    var model = try ONNXFile.read(path)
    _ = try PassManager(try Simplify.passes(), verification: Verification()).run(&model)
    let pruned = try Pruner(model, PruningOptions(target: .ratio(0.5))).prune()
    try ONNXFile.write(pruned.model, to: folder["smaller.onnx"])

    let bytes = try Data(contentsOf: URL(fileURLWithPath: path)).count
    #expect(try folder.bytes("smaller.onnx").count < bytes / 2)
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOf: Repository.root.appendingPathComponent(name), encoding: .utf8)
  }

  @Test("The table of commands lists those that there are, and no others")
  func commands() throws {
    let readme = try text("README.md")
    let section = try #require(
      readme.split(separator: "\n## Commands\n").last?.split(separator: "\n\n### ").first)
    let listed = section.matches(of: /(?m)^\| `([a-z-]+)` \|/).map { String($0.output.1) }
    let folder = try TemporaryFolder()
    let help = try Command.run(["--help"], in: folder.path)
    let subcommands = try #require(
      String(decoding: help.output, as: UTF8.self).split(separator: "SUBCOMMANDS:").last)
    let known = subcommands.matches(of: /(?m)^  ([a-z-]+) +[A-Z]/).map { String($0.output.1) }
    #expect(known.count > 10)
    #expect(listed.sorted() == known.sorted())
  }

  @Test("Every target of make that a page names is there, and make help lists them all")
  func targets() throws {
    let makefile = try text("Makefile")
    let targets = Set(makefile.matches(of: /(?m)^([a-z]+):/).map(\.output.1))
    let explained = Set(makefile.matches(of: /(?m)^([a-z]+):.*##/).map(\.output.1))
    #expect(targets == explained)
    for page in ["README.md", "CONTRIBUTING.md", "docs/design/files.md"] {
      for name in try text(page).matches(of: /(?:`|\$ )make ([a-z]+)/).map(\.output.1) {
        #expect(targets.contains(name), "\(page) names make \(name)")
      }
    }
  }
}
