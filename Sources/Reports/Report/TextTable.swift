internal import IR

/// A table in columns of equal width, set apart by two spaces.
///
/// Where it is wider than the terminal, texts in its widest columns go on in further lines.
struct TextTable {
  private let table: Table
  private let cells: [[String]]
  private var widths: [Int]
  private let indent: String

  /// The least width that a column of texts is narrowed to.
  private static let narrowest = 12

  init(_ table: Table, width: Int?) {
    self.table = table
    cells = table.texts
    indent = table.title.isEmpty ? "" : "  "
    widths = []
    for column in table.columns.indices {
      widths.append(cells.map { $0[safe: column]?.count ?? 0 }.max() ?? 0)
    }
    if let width { narrow(to: width) }
  }

  private var total: Int { widths.reduce(indent.count) { $0 + $1 } + 2 * max(0, widths.count - 1) }

  /// Takes from the widest column of texts until all fits or none can be narrower.
  private mutating func narrow(to width: Int) {
    while total > width {
      let texts = table.columns.indices.filter {
        !table.columns[$0].isNumeric && widths[$0] > Self.narrowest
      }
      guard let widest = texts.max(by: { widths[$0] < widths[$1] }) else { return }
      widths[widest] -= 1
    }
  }

  var text: String {
    var lines = table.title.isEmpty ? [] : [table.title]
    for row in cells {
      let parts = widths.enumerated().map { column, width in
        Self.broken(row[safe: column] ?? "", to: width)
      }
      for index in 0..<(parts.map(\.count).max() ?? 0) {
        lines.append(line(parts.map { $0[safe: index] ?? "" }))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func line(_ row: [String]) -> String {
    var line = ""
    for (column, width) in widths.enumerated() {
      let cell = row[column]
      let padding = String(repeating: " ", count: max(0, width - cell.count))
      line += column > 0 ? "  " : ""
      line += table.columns[column].isNumeric ? padding + cell : cell + padding
    }
    while line.last == " " { line.removeLast() }
    return indent + line
  }

  /// A text in lines of at most so many characters, broken between words where it can be.
  static func broken(_ text: String, to width: Int) -> [String] {
    guard text.count > width, width > 0 else { return [text] }
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      var word = Substring(word)
      if !line.isEmpty, line.count + 1 + word.count <= width {
        line += " " + word
        continue
      }
      if !line.isEmpty { lines.append(line) }
      while word.count > width {
        lines.append(String(word.prefix(width)))
        word = word.dropFirst(width)
      }
      line = String(word)
    }
    return lines + [line]
  }
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
