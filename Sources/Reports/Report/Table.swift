/// A table of typed cells.
public struct Table: Hashable, Sendable {
  /// One column.
  public struct Column: Hashable, Sendable {
    /// What programs call it.
    public var key: String
    /// What people call it.
    public var heading: String
    /// Whether cells stand at the right, as numbers do.
    public var isNumeric: Bool
    /// Whether cells are without their unit, since the heading says it.
    public var saysUnit: Bool

    /// Makes a column.
    public init(
      _ key: String, _ heading: String? = nil, numeric: Bool = false, saysUnit: Bool = false
    ) {
      self.key = key
      self.heading = heading ?? key
      self.isNumeric = numeric
      self.saysUnit = saysUnit
    }
  }

  /// How rows are written for programs.
  public enum Keying: Hashable, Sendable {
    /// As a list of objects below this key.
    case rows(String)
    /// As keys of the document; there is one row.
    case record
    /// Not at all: the same values stand elsewhere, with more detail.
    case elsewhere
  }

  /// How rows are written for programs.
  public var keying: Keying
  /// What the table shows; empty for none.
  public var title: String
  /// The columns, from the left.
  public var columns: [Column]
  /// The rows, from the top, with a cell for each column.
  public var rows: [[Cell]] = []
  /// A last row below the others, such as a sum, with its key; programs read it apart from the rows.
  public var footer: (key: String, cells: [Cell])? {
    get { footerRow.map { ($0.key, $0.cells) } }
    set { footerRow = newValue.map { FooterRow(key: $0.key, cells: $0.cells) } }
  }
  private var footerRow: FooterRow?
  /// Whether people see nothing of a table without rows.
  public var hidesWhenEmpty = false

  private struct FooterRow: Hashable, Sendable {
    var key: String
    var cells: [Cell]
  }

  /// Makes a table without rows.
  public init(_ keying: Keying, title: String = "", _ columns: [Column]) {
    self.keying = keying
    self.title = title
    self.columns = columns
  }

  /// Makes a table whose rows are below a key.
  public init(_ key: String, title: String = "", _ columns: [Column]) {
    self.init(.rows(key), title: title, columns)
  }

  /// Makes a table of things: a row for each of them, and what each column says of one.
  public init<Row>(
    _ key: String, title: String = "", of rows: some Sequence<Row>,
    _ columns: [(column: Column, cell: (Row) -> Cell)]
  ) {
    self.init(.rows(key), title: title, columns.map(\.column))
    self.rows = rows.map { row in columns.map { $0.cell(row) } }
  }

  /// Adds a row.
  public mutating func add(_ cells: Cell...) { rows.append(cells) }

  /// Whether people see it.
  var isShown: Bool { !rows.isEmpty || footer != nil || !hidesWhenEmpty }

  /// What people read: headings, rows and footer.
  var texts: [[String]] {
    let all = rows + (footer.map { [$0.cells] } ?? [])
    return [columns.map(\.heading)]
      + all.map { row in
        zip(columns, row).map { column, cell in cell.text(withUnit: !column.saysUnit) }
      }
  }

  /// A row for programs; cells of columns without a key are for people alone.
  func members(_ row: [Cell]) -> [JSONValue.Member] {
    zip(columns, row).compactMap { column, cell in
      column.key.isEmpty ? nil : JSONValue.Member(key: column.key, value: cell.json)
    }
  }
}
