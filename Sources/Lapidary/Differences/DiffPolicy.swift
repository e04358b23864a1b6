public import IR
public import Reports

/// What a project says of differences, in a file that is committed: which kinds make two models
/// different, what is allowed where, and what models may be spelled differently in.
public struct DiffPolicy: Sendable {
  /// The name under which `diff` looks for a policy in the current folder.
  public static let fileName = ".lapidary-diff.yaml"

  /// Kinds that make two models different; nil for the usual ones.
  public var failOn: Set<DiffHunk.Kind>?
  /// How far weights may lie apart.
  public var weightTolerance: WeightTolerance?
  /// What does not count where.
  public var allowances: [DiffOptions.Allowance] = []
  /// What models may be spelled differently in.
  public var modulo: Set<Modulo> = []

  private enum Key: String, CaseIterable {
    case failOn = "fail-on"
    case weightTolerance = "weight-tolerance"
    case ignore, allow, modulo
  }

  private enum AllowKey: String, CaseIterable { case at = "where", kinds, reason }

  /// Reads a policy in YAML.
  ///
  /// - Throws: `ModelError` naming a key that is not known or a value of another kind.
  public init(yaml: String) throws(ModelError) {
    let loaded: Any?
    do { loaded = try YAML.load(yaml) } catch {
      let place = error.message.hasPrefix("recipe") ? error.message.dropFirst(6) : ""
      throw ModelError(.malformed, "policy\(place)")
    }
    guard let root = loaded as? [String: Any] else {
      throw ModelError(.malformed, "policy: expected a mapping, found none")
    }
    for (name, value) in root.sorted(by: { $0.key < $1.key }) {
      let field = RecipeField(name, value, of: "policy")
      switch try field.key(Key.self, of: "policy") {
      case .failOn: failOn = try Self.kinds(field)
      case .weightTolerance: weightTolerance = try WeightTolerance(text: try field.string())
      case .ignore:
        allowances += try field.strings().map {
          DiffOptions.Allowance($0, reason: "the policy ignores '\($0)'")
        }
      case .allow: allowances += try Self.allowances(field)
      case .modulo:
        for word in try field.strings() {
          modulo.insert(try RecipeField(name, word, of: "policy").choice(Modulo.self))
        }
      }
    }
  }

  private static func kinds(_ field: RecipeField) throws(ModelError) -> Set<DiffHunk.Kind> {
    var kinds: Set<DiffHunk.Kind> = []
    for word in try field.strings() {
      kinds.insert(try RecipeField(field.name, word, of: "policy").choice(DiffHunk.Kind.self))
    }
    return kinds
  }

  private static func allowances(
    _ field: RecipeField
  ) throws(ModelError) -> [DiffOptions.Allowance] {
    guard let entries = field.value as? [Any] else {
      throw field.mismatch("a list of mappings with 'where', 'kinds' and 'reason'")
    }
    var found: [DiffOptions.Allowance] = []
    for entry in entries {
      var allowance = DiffOptions.Allowance("*", reason: "the policy allows it")
      for part in try RecipeField(field.name, entry, of: "policy").fields() {
        switch try part.key(AllowKey.self) {
        case .at: allowance.pattern = try part.string()
        case .kinds: allowance.kinds = try kinds(part)
        case .reason: allowance.reason = try part.string()
        }
      }
      found.append(allowance)
    }
    return found
  }
}

extension WeightTolerance {
  /// `relative:1e-4`, `absolute:1e-6` or `sqnr:60`.
  ///
  /// - Throws: `ModelError` for other words.
  public init(text: String) throws(ModelError) {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2, let number = Double(parts[1]), number >= 0 else {
      throw ModelError(
        .request,
        "weight tolerance: expected relative:NUMBER, absolute:NUMBER or sqnr:DECIBELS, found '\(text)'"
      )
    }
    switch parts[0] {
    case "relative": self = .relative(number)
    case "absolute": self = .absolute(number)
    case "sqnr": self = .sqnr(number)
    default:
      throw ModelError(
        .request,
        "weight tolerance: expected relative, absolute or sqnr before the colon, found '\(parts[0])'"
      )
    }
  }
}
