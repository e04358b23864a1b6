/// Writes reports for a pull request.
public struct MarkdownRenderer: Sendable {
  /// Makes a renderer.
  public init() {}

  /// The report in Markdown: blocks with an empty line between them, lines as one list.
  public func render(_ report: Report) -> String {
    var parts: [String] = []
    var items: [String] = []
    func endList() {
      if !items.isEmpty { parts.append(items.map { "- \($0)\n" }.joined()) }
      items = []
    }
    for block in report.blocks {
      switch block {
      case .facts(let facts):
        items += facts.map { "\($0.name): \(markdownEscaped($0.text))" }
      case .sentence(let sentence): items.append(markdownEscaped(sentence.text))
      case .statement(_, let text, let isStrong):
        if isStrong {
          endList()
          parts.append("**\(markdownEscaped(text))**\n")
        } else {
          items.append(markdownEscaped(text))
        }
      case .list(_, let prefix, let lines):
        items += lines.map { markdownEscaped(prefix + $0.text) }
      case .heading(let heading):
        endList()
        parts.append("## \(markdownEscaped(heading.document))\n")
      case .table(let table):
        endList()
        if table.isShown { parts.append(render(table)) }
      case .listing(let listing):
        endList()
        parts.append(render(listing))
      case .data, .gap: break
      }
    }
    endList()
    return parts.joined(separator: "\n")
  }

  private func render(_ table: Table) -> String {
    let title = table.title.isEmpty ? "" : "### \(markdownEscaped(table.title))\n\n"
    return title + grid(table.texts, numeric: table.columns.map(\.isNumeric))
  }

  private func render(_ listing: Listing) -> String {
    let rows = [listing.headings] + listing.entries.map { [$0.label] + $0.cells }
    let table = grid(rows, numeric: listing.headings.map { _ in false })
    guard let fold = listing.fold else { return table }
    return """
      <details><summary>\(markdownEscaped(fold)): \(listing.entries.count)</summary>

      \(table)
      </details>

      """
  }

  /// Headings, a line that says how columns are aligned, and rows.
  private func grid(_ rows: [[String]], numeric: [Bool]) -> String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    let lines = rows.map { line($0.map(markdownEscaped)) }
    return (lines.prefix(1) + [line(numeric.map { $0 ? "--:" : ":--" })] + lines.dropFirst())
      .joined()
  }
}

/// Text whose characters Markdown takes as they are, on one line.
package func markdownEscaped(_ text: String) -> String {
  var out = ""
  for character in text {
    switch character {
    case "|", "\\", "`", "*", "_", "<", ">", "[", "]", "#": out += "\\\(character)"
    case "\n", "\r", "\r\n": out += " "
    default: out.append(character)
    }
  }
  return out
}
