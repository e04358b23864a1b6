import Foundation
import Lapidary
import Operators
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

  @Test("Every known operator is listed, and no other")
  func operators() throws {
    let url = Repository.root.appendingPathComponent("README.md")
    let text = try String(contentsOf: url, encoding: .utf8)
    let start = try #require(text.range(of: "<!-- operators -->\n"))
    let end = try #require(text.range(of: "<!-- end of operators -->"))
    let expected = Self.section()
    guard text[start.upperBound..<end.lowerBound] != expected else { return }
    if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
      let updated = text.replacingCharacters(
        in: start.upperBound..<end.lowerBound, with: expected)
      try updated.write(to: url, atomically: true, encoding: .utf8)
    }
    Issue.record("README's list of operators is stale; RECORD_SNAPSHOTS=1 rewrites it")
  }

  /// The number of operators and their names, wrapped at 100 columns.
  private static func section() -> String {
    let names = Registry.names.map { name in
      name.domain.isEmpty ? name.type : "\(name.domain).\(name.type)"
    }.sorted()
    var lines = ["\(names.count) operators:"]
    for (position, name) in names.enumerated() {
      let item = name + (position == names.count - 1 ? "." : ",")
      if lines[lines.count - 1].count + 1 + item.count > 100 {
        lines.append(item)
      } else {
        lines[lines.count - 1] += " " + item
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
