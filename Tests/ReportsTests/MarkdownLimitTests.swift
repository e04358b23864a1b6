import IR
import Reports
import TestSupport
import Testing

@Suite("Markdown for a pull request") struct MarkdownLimitTests {
  private func report(rows: Int) -> Report {
    var report = Report()
    var table = Table("rows", title: "Rows", [.init("name"), .init("text")])
    for row in 0..<rows { table.add(.text("row \(row)"), .text(String(repeating: "x", count: 60))) }
    report.add(table)
    let entries = (0..<rows).map {
      Listing.Entry(label: "weight", cells: ["node \($0)", "changed"], json: .int($0))
    }
    report.blocks.append(
      .listing(
        Listing(
          key: "hunks", headings: ["kind", "where", "change"], entries: entries, labelWidth: 8)))
    return report
  }

  @Test(
    "is never longer than 60,000 characters and says what it leaves out", arguments: [10, 5000])
  func limit(rows: Int) {
    let text = report(rows: rows).markdown
    #expect(text.count <= 60_000)
    #expect(text.contains("more |") == (rows > 10))
    #expect(text.contains("<details>") == (rows > 25))
  }

  @Test("is cut where a single line is longer")
  func longLine() {
    var report = Report()
    report.add("verdict", String(repeating: "y", count: 100_000))
    #expect(report.markdown.count <= 60_000)
    #expect(report.markdown.hasSuffix("… cut here\n"))
  }
}
