extension PruningOptions.Importance {
  private static let names: [(name: String, importance: Self)] =
    [("l1", .l1), ("l2", .l2), ("linf", .linf), ("bn", .bnScale), ("fpgm", .fpgm)]
    + [("random", .random)] + ActivationMeasure.allCases.map { ($0.rawValue, .activation($0)) }
    + GradientMeasure.allCases.map { ($0.rawValue, .gradient($0)) } + [("obs", .obs)]

  /// The importance that options and recipes call by a name; nil for other names.
  public init?(name: String) {
    guard let found = Self.names.first(where: { $0.name == name }) else { return nil }
    self = found.importance
  }

  /// The name in options and recipes.
  public var name: String { Self.names.first { $0.importance == self }?.name ?? "scores" }

  /// All names.
  public static var allNames: [String] { names.map(\.name) }

  /// What of its group a score is divided by where nobody says: losses of layers and scores from elsewhere
  /// compare between groups as they are.
  public var usualNormalizer: PruningOptions.Normalizer {
    switch self {
    case .obs, .scores: .none
    default: .mean
    }
  }

  /// Whether it is measured on activations.
  public var needsCalibration: Bool {
    switch self {
    case .activation, .gradient, .obs: true
    default: false
    }
  }
}
