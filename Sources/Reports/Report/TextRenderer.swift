/// Writes reports for a terminal.
public struct TextRenderer: Sendable {
  /// The columns of the terminal; nil for a file, where no line is broken.
  public var width: Int?

  /// Makes a renderer.
  public init(width: Int? = nil) { self.width = width }

  /// The report as text.
  public func render(_ report: Report) -> String {
    report.blocks.map { render($0) }.joined()
  }

  private func render(_ block: Report.Block) -> String {
    switch block {
    case .heading(let heading): heading.lines + "\n"
    case .facts(let facts): render(facts)
    case .table(let table): table.isShown ? TextTable(table, width: width).text : ""
    case .listing(let listing): render(listing)
    case .sentence(let sentence): wrapped(sentence.text)
    case .statement(_, let text, _): wrapped(text)
    case .list(_, let prefix, let lines): lines.map { wrapped(prefix + $0.text) }.joined()
    case .data: ""
    case .gap: "\n"
    }
  }

  /// Lines that go on below themselves, two columns further right, where the terminal ends.
  private func wrapped(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.map { line in
      guard let width, width > 20, line.count > width else { return line + "\n" }
      return TextTable.broken(String(line), to: width - 2).joined(separator: "\n  ") + "\n"
    }.joined()
  }

  private func render(_ facts: [Report.Fact]) -> String {
    let width = facts.map(\.name.count).max() ?? 0
    return facts.map { "  \(padded($0.name, to: width))  \($0.text)\n" }.joined()
  }

  private func render(_ listing: Listing) -> String {
    guard !listing.isForPrograms else { return "" }
    var out = ""
    func add(_ label: String, _ text: String) {
      out += "  \(padded(label, to: listing.labelWidth))  \(text)\n"
    }
    var shown = 0, hidden = 0
    for (index, entry) in listing.entries.enumerated() {
      if index > 0, listing.entries[index - 1].label != entry.label { (shown, hidden) = (0, 0) }
      if let limit = listing.limit, shown >= limit {
        hidden += 1
        let isLast =
          index + 1 == listing.entries.count || listing.entries[index + 1].label != entry.label
        if isLast { add(entry.label, "… and \(grouped(hidden)) more") }
      } else {
        shown += 1
        add(entry.label, entry.cells.filter { !$0.isEmpty }.joined(separator: ": "))
      }
    }
    return out
  }
}

/// A text with spaces behind it.
func padded(_ text: String, to width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
