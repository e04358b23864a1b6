/// What a command found, apart from how it is shown.
///
/// Each block says what people read (the same in a terminal and in Markdown) and what programs read,
/// under keys in lower_snake_case. `schema` rises when a key changes its meaning.
public struct Report: Hashable, Sendable {
  /// The version of the keys.
  public var schema: Int
  /// The blocks, from the top.
  public var blocks: [Block] = []

  /// One thing that a report says.
  public enum Block: Hashable, Sendable {
    /// What the report is about.
    case heading(Heading)
    /// Names and values, one a line.
    case facts([Fact])
    /// A table.
    case table(Table)
    /// Lines with a label each.
    case listing(Listing)
    /// One line. Its values are keys of the document.
    case sentence(Sentence)
    /// One line under a key: a proof, a verdict.
    case statement(key: String, text: String, isStrong: Bool)
    /// Lines under a key, each after a prefix for people.
    case list(key: String?, prefix: String, [Sentence])
    /// What only programs read, since people read less of it elsewhere.
    case data([JSONValue.Member])
    /// An empty line in a terminal.
    case gap
  }

  /// What a report is about, in a terminal and in a document.
  public struct Heading: Hashable, Sendable {
    /// Lines for a terminal.
    public var lines: String
    /// A heading for a document.
    public var document: String
    /// What programs read.
    public var members: [JSONValue.Member]

    /// Makes a heading.
    public init(_ lines: String, document: String? = nil, _ members: [JSONValue.Member]) {
      self.lines = lines
      self.document = document ?? lines
      self.members = members
    }
  }

  /// A name and its value.
  public struct Fact: Hashable, Sendable {
    /// What people call it.
    public var name: String
    /// What people read.
    public var text: String
    /// What programs read.
    public var members: [JSONValue.Member]

    /// A fact of one value.
    ///
    /// - Parameter remark: what people read behind the value; programs read it in `more`.
    public init(
      _ key: String, _ name: String, _ cell: Cell, remark: String = "",
      more: [JSONValue.Member] = []
    ) {
      self.name = name
      text = cell.text() + remark
      members = [.init(key: key, value: cell.json)] + more
    }
  }

  /// Makes a report without blocks.
  public init(schema: Int = 2) { self.schema = schema }

  /// Adds a table.
  public mutating func add(_ table: Table) { blocks.append(.table(table)) }

  /// Adds a line whose values are keys of the document.
  public mutating func add(_ sentence: Sentence) { blocks.append(.sentence(sentence)) }

  /// Adds a line under a key.
  public mutating func add(_ key: String, _ text: String, strong: Bool = false) {
    blocks.append(.statement(key: key, text: text, isStrong: strong))
  }

  /// Adds lines under a key, each after a prefix for people.
  public mutating func add(_ key: String, prefix: String = "", lines: [Sentence]) {
    blocks.append(.list(key: key, prefix: prefix, lines))
  }

  /// Adds notes: what a user should know and need not act on.
  public mutating func add(notes: [String], prefix: String = "note: ") {
    add("notes", prefix: prefix, lines: notes.map { Sentence($0) })
  }

  /// Adds warnings: what makes the result worth less than it seems. They belong at the end.
  public mutating func add(warnings: [String]) {
    add("warnings", prefix: "warning: ", lines: warnings.map { Sentence($0) })
  }

  /// Adds what only programs read.
  public mutating func add(data: KeyValuePairs<String, JSONValue>) {
    blocks.append(.data(data.map { .init(key: $0.key, value: $0.value) }))
  }
}

/// Lines with a label each, of which people see a limited number for each label.
public struct Listing: Hashable, Sendable {
  /// One line.
  public struct Entry: Hashable, Sendable {
    /// What kind of line it is.
    public var label: String
    /// The place and what is said of it.
    public var cells: [String]
    /// What programs read.
    public var json: JSONValue
    /// Further entries for programs, which people read as this one.
    public var more: [JSONValue] = []

    /// A line.
    public init(label: String, cells: [String], json: JSONValue, more: [JSONValue] = []) {
      self.label = label
      self.cells = cells
      self.json = json
      self.more = more
    }
  }

  /// The key of the entries in JSON.
  public var key: String
  /// The headings in a document.
  public var headings: [String]
  /// The entries; those of one label follow each other where `limit` is given.
  public var entries: [Entry]
  /// The width of labels in a terminal.
  public var labelWidth: Int
  /// How many entries of one label a terminal shows.
  public var limit: Int?
  /// The words under which a document folds the entries away; nil for not at all.
  public var fold: String?
  /// Whether people read the same elsewhere.
  public var isForPrograms = false

  /// Lines under a key.
  public init(
    key: String, headings: [String], entries: [Entry], labelWidth: Int, limit: Int? = nil,
    fold: String? = nil, isForPrograms: Bool = false
  ) {
    self.key = key
    self.headings = headings
    self.entries = entries
    self.labelWidth = labelWidth
    self.limit = limit
    self.fold = fold
    self.isForPrograms = isForPrograms
  }
}
