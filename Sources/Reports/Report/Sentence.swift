/// Words for people with values in them that programs read by their keys:
/// `"median \(.quantity(time, .milliseconds, digits: 2), key: "median_ms")"`.
public struct Sentence: Hashable, Sendable, ExpressibleByStringInterpolation {
  /// How its pieces are put together.
  public typealias StringInterpolation = Interpolation

  /// The words, values among them.
  public private(set) var text: String
  /// The values by key.
  public private(set) var members: [JSONValue.Member] = []

  /// Words without values.
  public init(_ text: String) { self.text = text }

  /// Words without values.
  public init(stringLiteral text: String) { self.text = text }

  /// Words with values.
  public init(stringInterpolation pieces: Interpolation) {
    text = pieces.text
    members = pieces.members
  }

  /// The pieces of a sentence.
  public struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""
    fileprivate var members: [JSONValue.Member] = []

    /// Begins a sentence.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Adds words.
    public mutating func appendLiteral(_ words: String) { text += words }

    /// Adds words that programs do not read by themselves.
    public mutating func appendInterpolation(_ words: String) { text += words }

    /// Adds a value.
    public mutating func appendInterpolation(_ cell: Cell, key: String) {
      text += cell.text()
      members.append(.init(key: key, value: cell.json))
    }
  }

  /// What programs read: the values, or the words where there are none.
  var json: JSONValue { members.isEmpty ? .string(text) : .object(members) }
}
