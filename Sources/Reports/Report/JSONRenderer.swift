/// Writes reports for programs.
public struct JSONRenderer: Sendable {
  /// Makes a renderer.
  public init() {}

  /// The report as a document: `schema`, then the keys of each block. Lists under one key are one
  /// list.
  public func value(_ report: Report) -> JSONValue {
    var document = [JSONValue.Member(key: "schema", value: .int(report.schema))]
    for member in report.blocks.flatMap({ members($0) }) {
      guard let place = document.firstIndex(where: { $0.key == member.key }) else {
        document.append(member)
        continue
      }
      if case .array(let first) = document[place].value, case .array(let second) = member.value {
        document[place].value = .array(first + second)
      }
    }
    return .object(document)
  }

  private func members(_ block: Report.Block) -> [JSONValue.Member] {
    switch block {
    case .heading(let heading): heading.members
    case .facts(let facts): facts.flatMap(\.members)
    case .table(let table): members(table)
    case .listing(let listing):
      [.init(key: listing.key, value: .array(listing.entries.flatMap { [$0.json] + $0.more }))]
    case .sentence(let sentence): sentence.members
    case .statement(let key, let text, _): [.init(key: key, value: .string(text))]
    case .list(let key?, _, let lines): [.init(key: key, value: .array(lines.map(\.json)))]
    case .list(nil, _, _), .gap: []
    case .data(let members): members
    }
  }

  private func members(_ table: Table) -> [JSONValue.Member] {
    var found: [JSONValue.Member]
    switch table.keying {
    case .rows(let key):
      found = [
        .init(key: key, value: .array(table.rows.map { JSONValue.object(table.members($0)) }))
      ]
    case .record: found = table.rows.first.map { table.members($0) } ?? []
    case .elsewhere: found = []
    }
    if let footer = table.footer {
      found.append(.init(key: footer.key, value: .object(table.members(footer.cells))))
    }
    return found
  }
}

extension Report {
  /// The report for programs.
  public var json: JSONValue { JSONRenderer().value(self) }
  /// The report for a file or a pipe, no line broken.
  public var text: String { TextRenderer().render(self) }
  /// The report for a pull request.
  public var markdown: String { MarkdownRenderer().render(self) }
}
