internal import IR

/// What counts as a difference.
public struct DiffOptions: Sendable {
  /// The kinds that make two models differ; the others are reported only.
  public var failOn: Set<DiffHunk.Kind>
  /// How far weights may lie apart without making a difference; nil for not at all.
  public var weightTolerance: WeightTolerance?
  /// What does not count where.
  public var allowances: [Allowance] = []

  /// Something that does not count.
  public struct Allowance: Hashable, Sendable {
    /// A pattern for names of nodes and values, or `*`.
    public var pattern: String
    /// The kinds that are allowed there; empty for all.
    public var kinds: Set<DiffHunk.Kind>
    /// Why, in the words of whoever allowed it.
    public var reason: String

    /// Allows something.
    public init(_ pattern: String, kinds: Set<DiffHunk.Kind> = [], reason: String) {
      self.pattern = pattern
      self.kinds = kinds
      self.reason = reason
    }
  }

  /// By default names, order and metadata do not make a difference, all else does.
  public init(
    failOn: Set<DiffHunk.Kind> = Set(DiffHunk.Kind.allCases).subtracting([
      .moved, .renamed, .metadata,
    ])
  ) {
    self.failOn = failOn
  }
}

/// How far the elements of two weights may lie apart.
public enum WeightTolerance: Hashable, Sendable {
  /// No further than this, each of them.
  case absolute(Double)
  /// No further than this times the root mean square of the first weight.
  case relative(Double)
  /// Signal over error no less than this, in dB.
  case sqnr(Double)

  /// Whether a difference is small enough.
  func admits(_ difference: TensorDifference) -> Bool {
    switch self {
    case .absolute(let limit): difference.maximum.map { $0 <= limit } ?? false
    case .relative(let limit): difference.relative.map { $0 <= limit } ?? false
    case .sqnr(let limit): difference.sqnr >= limit
    }
  }
}

extension DiffReport {
  /// Marks what the options allow.
  mutating func allow(_ options: DiffOptions) {
    for index in hunks.indices {
      hunks[index].allowance = Self.allowance(hunks[index], options)
    }
  }

  private static func allowance(_ hunk: DiffHunk, _ options: DiffOptions) -> String? {
    if let tolerance = options.weightTolerance, hunk.kind == .weight,
      let difference = hunk.change.difference, tolerance.admits(difference)
    {
      return "within the tolerance"
    }
    let names = hunk.names
    return options.allowances.first { allowance in
      let pattern = Glob(allowance.pattern)
      return (allowance.kinds.isEmpty || allowance.kinds.contains(hunk.kind))
        && (allowance.pattern == "*" || names.contains(where: pattern.matches))
    }?.reason
  }
}

extension DiffHunk.Change {
  /// How far elements lie apart, where that is what changed.
  var difference: TensorDifference? {
    switch self {
    case .elements(let difference): difference
    case .weight(let change): change.difference
    case .attribute(_, let change): change.difference
    default: nil
    }
  }
}

extension DiffHunk {
  /// What patterns are compared with: labels, and the names in quotes in them.
  var names: [String] {
    (path + [a, b, layer].compactMap { $0 }).flatMap { label -> [String] in
      let parts = label.split(separator: "'", omittingEmptySubsequences: false)
      return [label] + stride(from: 1, to: parts.count, by: 2).map { String(parts[$0]) }
    }
  }
}
