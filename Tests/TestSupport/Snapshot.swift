private import Foundation
package import Testing

/// Compares a text with a golden file under `Fixtures/golden`, line by line.
///
/// With `RECORD_SNAPSHOTS=1` the file is rewritten and the test fails, so that nobody leaves it on.
package func expectSnapshot(
  _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let path = Repository.fixture("golden/\(name)")
  if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    Issue.record("recorded \(name)", sourceLocation: sourceLocation)
    return
  }
  let golden = try String(contentsOfFile: path, encoding: .utf8)
  let found = text.split(separator: "\n", omittingEmptySubsequences: false)
  let expected = golden.split(separator: "\n", omittingEmptySubsequences: false)
  for (number, (a, b)) in zip(expected, found).enumerated() where a != b {
    Issue.record(
      "\(name), line \(number + 1): expected \(a), found \(b)", sourceLocation: sourceLocation)
    return
  }
  #expect(found.count == expected.count, "\(name): number of lines", sourceLocation: sourceLocation)
}
