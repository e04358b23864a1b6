import Foundation
import TestSupport
import Testing

/// `docs/formats/reports.md` says what JSON reports hold.
@Suite struct ReportPageTests {
  private func keys(_ value: Any) -> Set<String> {
    switch value {
    case let object as [String: Any]:
      object.reduce(into: Set(object.keys)) { $0.formUnion(keys($1.value)) }
    case let list as [Any]: list.reduce(into: []) { $0.formUnion(keys($1)) }
    default: []
    }
  }

  @Test("every key of every recorded report is in lower_snake_case and explained")
  func documented() throws {
    let page = try String(
      contentsOf: Repository.root.appendingPathComponent("docs/formats/reports.md"),
      encoding: .utf8)
    let explained = Set(page.matches(of: /`([a-z0-9_]+)`/).map { String($0.output.1) })
    let folder = Repository.fixture("golden/reports")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
      $0.hasSuffix(".txt")
    }
    #expect(names.count > 10)
    for name in names.sorted() {
      let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      let json = try #require(text.split(separator: "# json\n").last)
      let found = keys(try JSONSerialization.jsonObject(with: Data(json.utf8)))
      for key in found.sorted() {
        #expect(key.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil, "\(name): \(key)")
        #expect(explained.contains(key), "\(name): '\(key)' is not explained")
      }
      #expect(page.contains("## \(name.dropLast(4))\n"), "\(name) has no section")
    }
  }
}
