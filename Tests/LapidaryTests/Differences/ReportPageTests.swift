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
    let sections = Dictionary(
      page.split(separator: "\n## ").map { part in
        (part.prefix { $0 != "\n" }, Set(part.matches(of: /`([a-z0-9_-]+)`/).map { $0.output.1 }))
      }
    ) { first, _ in first }
    let common = try #require(sections["# Reports for programs"])
    let folder = Repository.fixture("golden/reports")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
      $0.hasSuffix(".txt")
    }
    #expect(names.count > 10)
    for name in names.sorted() {
      let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      let json = try #require(text.split(separator: "# json\n").last)
      let own = try #require(sections[name.dropLast(4)], "\(name) has no section")
      // A section may name others, whose keys it has too.
      let explained = own.reduce(into: own.union(common)) { $0.formUnion(sections[$1] ?? []) }
      let found = keys(try JSONSerialization.jsonObject(with: Data(json.utf8)))
      for key in found.sorted() {
        #expect(key.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil, "\(name): \(key)")
        #expect(explained.contains(key[...]), "\(name): '\(key)' is not explained")
      }
    }
  }
}
