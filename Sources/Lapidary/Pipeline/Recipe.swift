public import IR
public import Passes
private import Yams

/// What `compress` does, stage by stage.
public struct Recipe: Sendable {
  /// Whether to simplify and fuse.
  public var fuses = true
  /// How to prune; nil for not at all.
  public var pruning: PruningOptions?
  /// Whether to match the statistics of pruned channels on calibration data.
  public var recovers = true
  /// How to quantize; nil for not at all.
  public var quantization: QuantizationOptions? = QuantizationOptions()

  /// A recipe that fuses and quantizes.
  public init() {}

  /// Reads a recipe in YAML:
  ///
  /// ```yaml
  /// fuse: true
  /// prune: { ratio: 0.3, scope: local, round-to: 8, max-ratio: 0.9, keep: ["head*"] }
  /// recover: true
  /// quantize: { method: percentile, percentile: 0.9999, exclude: ["fc"] }
  /// ```
  ///
  /// Under `prune`, `importance`, `reduction`, `normalizer`, `attention`, `cut-reductions`,
  /// `min-channels` and `ratios: { "layer4*": 0.25 }` go beside these.
  ///
  /// A stage set to `false` is left out.
  ///
  /// - Throws: `ModelError` naming a key that is not known or a value of another kind.
  public init(yaml: String) throws(ModelError) {
    let loaded: Any?
    do { loaded = try Yams.load(yaml: yaml) } catch {
      throw ModelError(.malformed, "recipe: expected YAML, found: \(error)")
    }
    guard let root = loaded as? [String: Any] else {
      throw ModelError(.malformed, "recipe: expected a mapping of stages, found none")
    }
    for (key, value) in root.sorted(by: { $0.key < $1.key }) {
      switch key {
      case "fuse": fuses = try RecipeField("fuse", value).flag()
      case "recover": recovers = try RecipeField("recover", value).flag()
      case "prune":
        pruning = try RecipeField("prune", value).stage { field throws(ModelError) in
          try Self.pruning(field)
        }
      case "quantize":
        quantization = try RecipeField("quantize", value).stage { field throws(ModelError) in
          try Self.quantization(field)
        }
      default:
        throw ModelError(
          .request, "recipe: expected one of fuse, prune, recover, quantize, found '\(key)'")
      }
    }
  }

  private static func pruning(_ fields: [RecipeField]) throws(ModelError) -> PruningOptions {
    var options = PruningOptions(target: .ratio(0))
    var targets = 0
    for field in fields {
      switch field.name {
      case "prune.ratio": options.target = .ratio(try field.number())
      case "prune.macs": options.target = .macs(try field.number())
      case "prune.params": options.target = .parameters(try field.number())
      case "prune.bytes": options.target = .bytes(try field.number())
      case "prune.scope": options.competition = try field.choice(PruningOptions.Competition.self)
      case "prune.attention":
        options.choices.attention = try field.choice(PruningOptions.Attention.self)
      case "prune.cut-reductions": options.choices.cutsReductions = try field.flag()
      case "prune.importance":
        guard let importance = PruningOptions.Importance(name: try field.string()) else {
          throw field.mismatch(
            "one of " + PruningOptions.Importance.allNames.joined(separator: ", "))
        }
        options.importance = importance
      case "prune.reduction": options.reduction = try field.choice(PruningOptions.Reduction.self)
      case "prune.normalizer":
        options.normalizer = try field.choice(PruningOptions.Normalizer.self)
      case "prune.min-channels": options.minChannels = try field.integer()
      case "prune.ratios": options.groupRatios = try field.groupRatios()
      case "prune.round-to": options.roundTo = try field.integer()
      case "prune.max-ratio": options.maxRatio = try field.number()
      case "prune.keep": options.keep = try field.strings()
      default: throw field.unknown
      }
      if ["prune.ratio", "prune.macs", "prune.params", "prune.bytes"].contains(field.name) {
        targets += 1
      }
    }
    guard targets == 1 else {
      throw ModelError(
        .request, "recipe, 'prune': expected one of ratio, macs, params, bytes, found \(targets)")
    }
    return options
  }

  private static func quantization(
    _ fields: [RecipeField]
  ) throws(ModelError) -> QuantizationOptions {
    var options = QuantizationOptions()
    for field in fields {
      switch field.name {
      case "quantize.profile": options.profile = try field.choice(QuantizationOptions.Profile.self)
      case "quantize.method":
        options.method = try QuantizationOptions.Method(named: try field.string())
      case "quantize.percentile": options.method = .percentile(try field.number())
      case "quantize.exclude": options.exclude = try field.strings()
      default: throw field.unknown
      }
    }
    return options
  }
}

extension QuantizationOptions.Method {
  /// The fraction of values that `percentile` keeps when no other is given.
  public static let defaultPercentile = 0.9999

  /// The method of this name, as on the command line.
  public init(named name: String) throws(ModelError) {
    switch name {
    case "minmax": self = .minmax
    case "percentile": self = .percentile(Self.defaultPercentile)
    default:
      throw ModelError(.request, "method: expected minmax or percentile, found '\(name)'")
    }
  }
}

/// A value of a recipe with its path, for messages.
private struct RecipeField {
  let name: String
  let value: Any

  init(_ name: String, _ value: Any) {
    self.name = name
    self.value = value
  }

  var unknown: ModelError { ModelError(.request, "recipe: '\(name)' is not known") }

  func mismatch(_ expected: String) -> ModelError {
    ModelError(.request, "recipe, '\(name)': expected \(expected), found \(value)")
  }

  func flag() throws(ModelError) -> Bool {
    guard let flag = value as? Bool else { throw mismatch("true or false") }
    return flag
  }

  func number() throws(ModelError) -> Double {
    if let number = value as? Double { return number }
    guard let number = value as? Int else { throw mismatch("a number") }
    return Double(number)
  }

  func integer() throws(ModelError) -> Int {
    guard let number = value as? Int else { throw mismatch("a whole number") }
    return number
  }

  func string() throws(ModelError) -> String {
    guard let string = value as? String else { throw mismatch("a word") }
    return string
  }

  func strings() throws(ModelError) -> [String] {
    if let string = value as? String { return [string] }
    guard let strings = value as? [String] else { throw mismatch("a list of words") }
    return strings
  }

  /// Fractions by pattern.
  func groupRatios() throws(ModelError) -> [PruningOptions.GroupRatio] {
    guard let entries = value as? [String: Any] else { throw mismatch("a mapping of fractions") }
    var ratios: [PruningOptions.GroupRatio] = []
    for (pattern, ratio) in entries.sorted(by: { $0.key < $1.key }) {
      ratios.append(
        .init(pattern: pattern, ratio: try RecipeField("\(name).\(pattern)", ratio).number()))
    }
    return ratios
  }

  func choice<T: RawRepresentable & CaseIterable>(
    _ type: T.Type
  ) throws(ModelError) -> T where T.RawValue == String {
    guard let choice = T(rawValue: try string()) else {
      throw mismatch(T.allCases.map(\.rawValue).joined(separator: " or "))
    }
    return choice
  }

  /// The fields of a stage; nil when it is switched off.
  func stage<T>(_ body: ([RecipeField]) throws(ModelError) -> T) throws(ModelError) -> T? {
    if let flag = value as? Bool, !flag { return nil }
    guard let fields = value as? [String: Any] else { throw mismatch("a mapping or false") }
    return try body(
      fields.sorted { $0.key < $1.key }.map { RecipeField("\(name).\($0.key)", $0.value) })
  }
}
