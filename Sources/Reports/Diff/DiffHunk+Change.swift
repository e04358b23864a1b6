extension DiffHunk {
  /// What changed, as data; `detail` says it in words.
  public indirect enum Change: Hashable, Sendable {
    /// Nothing but the thing itself, which the kind and the labels say.
    case none
    /// One thing for another.
    case replaced(from: String, to: String)
    /// A named text for another.
    case text(String, from: String, to: String)
    /// Another number of something.
    case count(of: String, from: Int, to: Int)
    /// The version of an operator set; nil where a model does not import it.
    case opset(domain: String, from: Int?, to: Int?)
    /// A constant's shape.
    case shape(from: [Int], to: [Int])
    /// A constant's elements.
    case elements(TensorDifference)
    /// A weight whose channels may be other ones.
    case weight(WeightChange)
    /// Numbers that one model has in another type: `INT8 per channel`.
    case quantization(Quantization)
    /// A layer that one model has in two parts with so many channels between them.
    case divided(rank: Int, isInFirst: Bool)
    /// Something of an attribute's value.
    case attribute(String, Change)
    /// What stands around a node without a counterpart, and what became of it where that is known.
    case surroundings(reads: [String], readBy: [String], fate: String?)
    /// A place in execution order.
    case position(from: Int, to: Int)
    /// A constant whose elements one model has in a file that is not here.
    case absent(isInFirst: Bool)
    /// Something that has no values to show.
    case said(String)

    /// In words, such as `[0,0,0,0] → [1,1,1,1]`.
    public var text: String {
      switch self {
      case .none: ""
      case .replaced(let x, let y): "\(x) → \(y)"
      case .text(let name, let x, let y): "\(name) '\(x)' → '\(y)'"
      case .count(let what, let x, let y): "\(x) \(what) → \(y)"
      case .opset(let domain, let x, let y):
        "operator set '\(domain)': \(x.map { "\($0)" } ?? "none") → \(y.map { "\($0)" } ?? "none")"
      case .shape(let x, let y): "\(Self.list(x)) → \(Self.list(y))"
      case .elements(let difference): difference.text
      case .weight(let change): change.text
      case .quantization(let quantization): quantization.text
      case .divided(let rank, let isInFirst):
        isInFirst ? "no longer in two parts of rank \(rank)" : "divided into two of rank \(rank)"
      case .attribute(let name, let change): "attribute '\(name)': \(change.text)"
      case .surroundings(let reads, let readBy, let fate):
        "reads \(Self.brief(reads)); read by \(Self.brief(readBy))" + (fate.map { "; \($0)" } ?? "")
      case .position(let x, let y): "position \(x) → \(y) in execution order"
      case .absent(let isInFirst):
        "cannot be compared: the file with \(isInFirst ? "the first" : "the second") is absent"
      case .said(let text): text
      }
    }

    /// For programs.
    public var members: [JSONValue.Member] {
      switch self {
      case .none, .said, .absent: []
      case .replaced(let x, let y): Self.pair(.string(x), .string(y))
      case .text(let name, let x, let y):
        [.init(key: "of", value: .string(name))] + Self.pair(.string(x), .string(y))
      case .count(let what, let x, let y):
        [.init(key: "of", value: .string(what))] + Self.pair(.int(x), .int(y))
      case .opset(let domain, let x, let y):
        [.init(key: "domain", value: .string(domain))] + Self.pair(.int(x), .int(y))
      case .shape(let x, let y):
        [
          .init(key: "shape_a", value: .array(x.map { .int($0) })),
          .init(key: "shape_b", value: .array(y.map { .int($0) })),
        ]
      case .elements(let difference): difference.figures
      case .weight(let change): change.members
      case .quantization(let quantization): quantization.members
      case .divided(let rank, _): [.init(key: "rank", value: .int(rank))]
      case .attribute(let name, let change):
        [.init(key: "attribute", value: .string(name))] + change.members
      case .surroundings(let reads, let readBy, let fate):
        [
          .init(key: "reads", value: .strings(reads)),
          .init(key: "read_by", value: .strings(readBy)),
          .init(key: "fate", value: .string(fate)),
        ]
      case .position(let x, let y): Self.pair(.int(x), .int(y))
      }
    }

    private static func pair(_ x: JSONValue, _ y: JSONValue) -> [JSONValue.Member] {
      [.init(key: "from", value: x), .init(key: "to", value: y)]
    }

    private static func list(_ lengths: [Int]) -> String {
      "[" + lengths.map { "\($0)" }.joined(separator: ",") + "]"
    }

    private static func brief(_ names: [String]) -> String {
      if names.isEmpty { return "nothing" }
      return names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "")
    }
  }

  /// What changed, in words.
  public var detail: String { change.text }

  /// What changed, for programs, such as `max_abs`.
  public var figures: [JSONValue.Member] { change.members }
}
