/// One difference between two models.
public struct DiffHunk: Hashable, Sendable {
  /// What kind of difference it is.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// Operator sets that the nodes mean.
    case opset
    /// Inputs and outputs of the main graph: their number, order, names, element types and shapes.
    case io
    /// A node of the second model that the first has not.
    case inserted
    /// A node of the first model that the second has not.
    case removed
    /// An operand that comes from elsewhere.
    case rewired
    /// An attribute's value.
    case attribute
    /// The element type of a constant or of a declared result.
    case elementType = "element-type"
    /// The shape of a constant or of a declared result.
    case shape
    /// The elements of a constant.
    case weight
    /// Nodes in another order, or operands of a commutative operator.
    case moved
    /// A name.
    case renamed
    /// Documentation, producer, versions and other texts that do not change results.
    case metadata
  }

  /// The kind.
  public var kind: Kind
  /// Labels of the nodes whose subgraphs hold the place, from the outside in.
  public var path: [String]
  /// The thing in the first model; nil when it is only in the second.
  public var a: String?
  /// The thing in the second model; nil when it is only in the first.
  public var b: String?
  /// What changed.
  public var change: Change
}

/// What counts as a difference.
public struct DiffOptions: Sendable {
  /// The kinds that make two models differ; the others are reported only.
  public var failOn: Set<DiffHunk.Kind>

  /// By default names, order and metadata do not make a difference, all else does.
  public init(
    failOn: Set<DiffHunk.Kind> = Set(DiffHunk.Kind.allCases).subtracting([
      .moved, .renamed, .metadata,
    ])
  ) {
    self.failOn = failOn
  }
}

/// The differences between two models.
public struct DiffReport: Sendable {
  /// What the first model is called.
  public var nameA = "a"
  /// What the second model is called.
  public var nameB = "b"
  /// The differences: those of the model first, then those of its graph in execution order.
  public internal(set) var hunks: [DiffHunk] = []
  /// Nodes that have a counterpart, subgraphs and functions included.
  public internal(set) var matchedNodes = 0
  /// The kinds that make the models differ.
  public let failOn: Set<DiffHunk.Kind>

  init(failOn: Set<DiffHunk.Kind>) { self.failOn = failOn }

  /// Whether there is a difference of a kind that counts.
  public var differs: Bool { hunks.contains { failOn.contains($0.kind) } }

  /// The differences of a kind.
  public func hunks(of kind: DiffHunk.Kind) -> [DiffHunk] { hunks.filter { $0.kind == kind } }

  /// The differences that count.
  public var failing: [DiffHunk] { hunks.filter { failOn.contains($0.kind) } }
}
