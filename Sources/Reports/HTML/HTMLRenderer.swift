/// Writes the blocks of a report as HTML.
struct HTMLRenderer {
  /// The blocks, from the top.
  func render(_ report: Report) -> String {
    report.blocks.map(render).joined()
  }

  private func render(_ block: Report.Block) -> String {
    switch block {
    case .heading(let heading): "<h1>\(htmlEscaped(heading.document))</h1>\n"
    case .facts(let facts): render(facts)
    case .table(let table): table.isShown ? render(table) : ""
    case .listing(let listing): listing.isForPrograms ? "" : render(listing)
    case .sentence(let sentence): "<p>\(htmlEscaped(sentence.text))</p>\n"
    case .statement(_, let text, let isStrong):
      "<p\(isStrong ? " class=\"verdict\"" : "")>\(htmlEscaped(text))</p>\n"
    case .list(_, let prefix, let lines):
      lines.isEmpty
        ? ""
        : "<ul>\(lines.map { "<li>\(htmlEscaped(prefix + $0.text))</li>" }.joined())</ul>\n"
    case .data, .gap: ""
    }
  }

  private func render(_ facts: [Report.Fact]) -> String {
    let rows = facts.map { "<dt>\(htmlEscaped($0.name))</dt><dd>\(htmlEscaped($0.text))</dd>" }
    return "<dl>\(rows.joined())</dl>\n"
  }

  private func render(_ table: Table) -> String {
    let title = table.title.isEmpty ? "" : "<h2>\(htmlEscaped(table.title))</h2>\n"
    return title + grid(table.texts, numeric: table.columns.map(\.isNumeric))
  }

  private func render(_ listing: Listing) -> String {
    let rows = [listing.headings] + listing.entries.map { [$0.label] + $0.cells }
    let table = grid(rows, numeric: listing.headings.map { _ in false })
    guard let fold = listing.fold else { return table }
    return
      "<details><summary>\(htmlEscaped(fold)): \(listing.entries.count)</summary>\(table)</details>\n"
  }

  private func grid(_ rows: [[String]], numeric: [Bool]) -> String {
    func line(_ cells: [String], _ tag: String) -> String {
      let parts = cells.enumerated().map { column, cell in
        let isNumber = column < numeric.count && numeric[column]
        return "<\(tag)\(isNumber ? " class=\"num\"" : "")>\(htmlEscaped(cell))</\(tag)>"
      }
      return "<tr>\(parts.joined())</tr>\n"
    }
    let body = rows.dropFirst().map { line($0, "td") }.joined()
    return
      "<div class=\"table\"><table><thead>\(line(rows.first ?? [], "th"))</thead><tbody>\(body)</tbody></table></div>\n"
  }
}
