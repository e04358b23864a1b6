internal import IR

/// A titled table of text cells, as every report prints it.
public struct Table: Hashable, Sendable {
  /// One column.
  public struct Column: Hashable, Sendable {
    /// The heading.
    public var name: String
    /// Whether cells stand at the right, as numbers do.
    public var isNumeric: Bool

    /// Makes a column.
    public init(_ name: String, numeric: Bool = false) {
      self.name = name
      self.isNumeric = numeric
    }
  }

  /// What the table shows; empty for none.
  public var title: String
  /// The columns, from the left.
  public var columns: [Column]
  /// The rows, from the top, with a cell for each column.
  public var rows: [[Cell]] = []

  /// Makes a table without rows.
  public init(_ title: String = "", _ columns: [Column]) {
    self.title = title
    self.columns = columns
  }

  /// A cell: what people read and what programs read.
  public struct Cell: Hashable, Sendable {
    /// The text.
    public var text: String
    /// The value in JSON.
    public var json: JSONValue

    /// Makes a cell from both of its forms.
    public init(_ text: String, json: JSONValue) {
      self.text = text
      self.json = json
    }

    /// A cell with a text.
    public init(_ text: String) { self.init(text, json: .string(text)) }

    /// A cell with a whole number, digits grouped by thousands; `?` where it is not known.
    public init(_ value: Int?) { self.init(value.map(grouped) ?? "?", json: .int(value)) }
  }

  /// Adds a row.
  public mutating func add(_ cells: Cell...) { rows.append(cells) }

  /// Columns padded to equal width and set apart by two spaces, for a terminal.
  public var text: String {
    let cells = [columns.map(\.name)] + rows.map { $0.map(\.text) }
    let widths = columns.indices.map { column in
      cells.map { $0[safe: column]?.count ?? 0 }.max() ?? 0
    }
    var lines = title.isEmpty ? [] : [title]
    for row in cells {
      var line = ""
      for (column, width) in widths.enumerated() {
        let cell = row[safe: column] ?? ""
        let padding = String(repeating: " ", count: width - cell.count)
        line +=
          (column > 0 ? "  " : "") + (columns[column].isNumeric ? padding + cell : cell + padding)
      }
      while line.last == " " { line.removeLast() }
      lines.append((title.isEmpty ? "" : "  ") + line)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A Markdown table, below its title as a heading.
  public var markdown: String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    var lines = title.isEmpty ? [] : ["### " + markdownEscaped(title), ""]
    lines.append(line(columns.map { markdownEscaped($0.name) }))
    lines.append(line(columns.map { $0.isNumeric ? "--:" : ":--" }))
    lines += rows.map { row in line(row.map { markdownEscaped($0.text) }) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A list with one object a row, keyed by column name.
  public var json: JSONValue {
    .array(
      rows.map { row in
        .object(zip(columns, row).map { JSONValue.Member(key: $0.name, value: $1.json) })
      })
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

/// A whole number with its digits in groups of three: `1,814,073,344`.
package func grouped(_ value: Int) -> String {
  var out = ""
  let digits = String(value.magnitude)
  for (place, digit) in digits.enumerated() {
    if place > 0, (digits.count - place) % 3 == 0 { out += "," }
    out.append(digit)
  }
  return (value < 0 ? "-" : "") + out
}
