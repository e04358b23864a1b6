import Foundation
import TestSupport
import Testing

/// The pages of `docs/design` are there, and true where that can be looked up.
@Suite("Design pages") struct DesignPageTests {
  private func page(_ name: String) throws -> String {
    let url = Repository.root.appendingPathComponent("docs/design/\(name)")
    return try String(contentsOf: url, encoding: .utf8)
  }

  @Test("Every page that a comment cites exists, with the heading that it names")
  func citations() throws {
    let top: Set<Substring> = ["README.md", "OPERATORS.md", "CONTRIBUTING.md", "CHANGELOG.md"]
    var count = 0
    for source in SourceTree.sources + SourceTree.tests where source.text.contains(".md") {
      // A heading may stand on the line after the page's name.
      let text = source.text.replacing(/\n\s*\/\/\/[ ]/, with: " ")
      for match in text.matches(of: /([\w\/.:-]*[\w-]\.md)(?:, "([^"]+)")?/) {
        let (_, name, heading) = match.output
        guard !name.contains("/"), !top.contains(name) else { continue }
        let page = try? page(String(name))
        #expect(page != nil, "\(source.path) cites \(name)")
        count += 1
        guard let page, let heading else { continue }
        #expect(page.contains("## \(heading)\n"), "\(source.path) cites \(name), \(heading)")
      }
    }
    #expect(count > 10)
  }

  @Test("What the page of the architecture names exists")
  func names() throws {
    let text = try page("architecture.md")
    let files = SourceTree.sources + SourceTree.tests
    var known = Set(files.flatMap(\.declaredTypes))
    let paths = files.map(\.path)
    // Folders count as names too: targets, and rooms in them.
    known.formUnion(paths.flatMap { $0.split(separator: "/").dropLast() })
    let systems = try FileManager.default.contentsOfDirectory(
      atPath: Repository.root.appendingPathComponent("Sources").path)
    known.formUnion(systems.map { Substring($0) })
    var count = 0
    for match in text.matches(of: /`([A-Z]\w+)`/) {
      count += 1
      #expect(known.contains(match.output.1), "architecture.md names \(match.output.1)")
    }
    #expect(count > 20)
  }

  @Test("Links between pages lead somewhere")
  func links() throws {
    let folder = Repository.root.appendingPathComponent("docs/design")
    let pages = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(pages.count > 6)
    for name in pages {
      for link in try page(name).matches(of: /\]\(([\w.\/-]+\.md)\)/) {
        let target = folder.appendingPathComponent(String(link.output.1))
        #expect(
          FileManager.default.fileExists(atPath: target.path), "\(name) links to \(link.output.1)")
      }
    }
  }
}
