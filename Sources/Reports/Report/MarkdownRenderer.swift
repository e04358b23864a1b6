/// Writes reports for a pull request.
///
/// A forge refuses comments of more than 65,536 characters, so a document is never longer than `limit`:
/// tables and lists are cut until it fits, and say how much was left out.
public struct MarkdownRenderer: Sendable {
  /// The characters that a document has at most.
  public var limit: Int

  /// How many rows of a table or entries of a list are tried in turn.
  private static let attempts = [Int.max, 400, 200, 100, 50, 20, 5, 1]
  /// Entries from which on a list is folded.
  private static let folded = 25
  /// Rows of a table or entries of a list that are shown.
  private var rows = Int.max

  /// Makes a renderer.
  public init(limit: Int = 60_000) { self.limit = limit }

  /// The report in Markdown: blocks with an empty line between them, lines as one list.
  public func render(_ report: Report) -> String {
    var text = ""
    for rows in Self.attempts {
      var attempt = self
      attempt.rows = rows
      text = attempt.whole(report)
      if text.count <= limit { return text }
    }
    let note = "\n… cut here\n"
    return String(text.prefix(max(0, limit - note.count))) + note
  }

  private func whole(_ report: Report) -> String {
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
        items += lines.prefix(rows).map { markdownEscaped(prefix + $0.text) }
        if lines.count > rows { items.append("… and \(grouped(lines.count - rows)) more") }
      case .heading(let heading):
        endList()
        parts.append("## \(markdownEscaped(heading.document))\n")
      case .table(let table):
        endList()
        if table.isShown { parts.append(render(table)) }
      case .listing(let listing):
        endList()
        if !listing.isForPrograms { parts.append(render(listing)) }
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
    let lines = [listing.headings] + listing.entries.map { [$0.label] + $0.cells }
    let table = grid(lines, numeric: listing.headings.map { _ in false })
    let isLong = listing.entries.count > Self.folded
    guard let fold = listing.fold ?? (isLong ? "Differences" : nil) else { return table }
    return """
      <details><summary>\(markdownEscaped(fold)): \(listing.entries.count)</summary>

      \(table)
      </details>

      """
  }

  /// Headings, a line that says how columns are aligned, and rows.
  private func grid(_ rows: [[String]], numeric: [Bool]) -> String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    let shown = rows.count - 1 > self.rows ? Array(rows.prefix(self.rows + 1)) : rows
    var lines = shown.map { line($0.map(markdownEscaped)) }
    if shown.count < rows.count {
      let rest = "… and \(grouped(rows.count - shown.count)) more"
      lines.append(line([rest] + Array(repeating: "", count: max(0, numeric.count - 1))))
    }
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
