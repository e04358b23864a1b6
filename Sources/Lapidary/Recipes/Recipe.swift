public import Gradients
public import IR
public import Passes

/// What `compress` does, stage by stage, and with which data.
public struct Recipe: Sendable {
  /// What to change of the model before all stages, in order.
  public var edits: [EditRequest] = []
  /// Whether to simplify and fuse.
  public var fuses = true
  /// How to fuse.
  public var fusion = FusionOptions()
  /// Which whole blocks go before channels do; nil for none.
  public var drop: DropOptions?
  /// Whether blocks may go where a number of multiply-accumulates is to stay.
  public var dropsBlocks = true
  /// How to prune; nil for not at all.
  public var pruning: PruningOptions?
  /// Whether that importance is taken with which least is lost, where there are samples to tell.
  public var choosesImportance = true
  /// The file that holds scores of channels, where it is to be used.
  public var scores: String?
  /// Whether to match the statistics of pruned channels on calibration data.
  public var recovers = true
  /// Whether layers may be divided into two where a number of multiply-accumulates is to stay.
  public var factors = true
  /// Layers to divide into two after recovery, by their labels, and the fraction of their
  /// multiply-accumulates that each loses.
  public var ranks: [String: Double] = [:]
  /// How to tune what was pruned; nil for not at all.
  public var tuning: TuningOptions? = Recipe.usualTuning
  /// Whether to tune with few samples too.
  public var tunesAlways = false
  /// How to quantize; nil for not at all.
  public var quantization: QuantizationOptions? = QuantizationOptions()
  /// The floats of 16 bits that what is not quantized is stored and computed in; nil for those it has.
  public var half: HalfEncoding.HalfType?
  /// The samples to prune, recover and quantize with.
  public var calibration: String?
  /// The labelled samples to measure each stage with.
  public var evaluation: String?

  /// A recipe that fuses and quantizes.
  public init() {}

  /// Reads a recipe in YAML; `Recipe.template` is one with every key.
  ///
  /// A stage set to `false` is left out, one set to `true` is done as when nothing is said.
  ///
  /// - Throws: `ModelError` naming a key that is not known or a value of another kind.
  public init(yaml: String) throws(ModelError) {
    guard let root = try YAML.load(yaml) as? [String: Any] else {
      throw ModelError(.malformed, "recipe: expected a mapping of stages, found none")
    }
    var isQuantized: Bool?
    for (name, value) in root.sorted(by: { $0.key < $1.key }) {
      let field = RecipeField(name, value)
      switch try field.key(StageKey.self, of: "recipe") {
      case .edit: edits = try Self.edits(field)
      case .fuse:
        fuses = field.flagOrNil ?? true
        if field.flagOrNil == nil { fusion = try Self.fusion(try field.fields()) }
      case .drop:
        drop = try Self.drop(field)
        dropsBlocks = drop != nil
      case .prune: pruning = try readPruning(field)
      case .recover: recovers = try field.flag()
      case .factor: factors = try field.flag()
      case .tune: try readTuning(field)
      case .quantize:
        isQuantized = field.flagOrNil ?? true
        if let flag = field.flagOrNil {
          quantization = flag ? QuantizationOptions() : nil
        } else {
          quantization = try Self.quantization(try field.fields())
        }
      case .half:
        if let flag = field.flagOrNil {
          half = flag ? .float16 : nil
        } else {
          half = try field.choice(HalfEncoding.HalfType.self)
        }
      case .data: try readData(try field.fields())
      }
    }
    guard half != nil else { return }
    guard isQuantized != true else {
      throw ModelError(
        .request, "recipe: expected one of quantize and half, found both",
        hint: "set quantize to false, or leave half out")
    }
    quantization = nil
  }

  private enum StageKey: String, CaseIterable {
    case edit, fuse, drop, prune, recover, factor, tune, quantize, half, data
  }

  private enum FuseKey: String, CaseIterable {
    case target, only, skip, growth
    case constantInputs = "constant-inputs"
    case inlineFunctions = "inline-functions"
  }

  private enum PruneKey: String, CaseIterable {
    case ratio, macs, params, bytes, scope, attention, importance, reduction, normalizer, ratios,
      keep, scores, seed
    case cutReductions = "cut-reductions"
    case minChannels = "min-channels"
    case roundTo = "round-to"
    case maxRatio = "max-ratio"
    case freezeOverridable = "freeze-overridable"
  }

  private enum DataKey: String, CaseIterable { case calibration, evaluate }

  private static func fusion(_ fields: [RecipeField]) throws(ModelError) -> FusionOptions {
    var options = FusionOptions()
    for field in fields {
      switch try field.key(FuseKey.self) {
      case .target: options.target = try field.choice(FusionTarget.self)
      case .only: options.only = try field.strings()
      case .skip: options.skip = try field.strings()
      case .growth: options.growthLimit = try field.integer()
      case .constantInputs: options.fixesConstantInputs = try field.flag()
      case .inlineFunctions: options.inlinesFunctions = try field.flag()
      }
    }
    return options
  }

  private mutating func readPruning(_ field: RecipeField) throws(ModelError) -> PruningOptions? {
    if let flag = field.flagOrNil {
      guard !flag else { throw field.mismatch("a mapping with a target, such as { ratio: 0.3 },") }
      return nil
    }
    var options = PruningOptions(target: .ratio(0))
    var targets = 0
    for field in try field.fields() {
      if try readTarget(field, &options) {
        targets += 1
      } else {
        try readChoice(field, &options)
      }
    }
    guard targets == 1 else {
      throw ModelError(
        .request, "recipe, 'prune': expected one of ratio, macs, params, bytes, found \(targets)")
    }
    return options
  }

  /// Reads how much to prune; false for another key.
  private func readTarget(
    _ field: RecipeField, _ options: inout PruningOptions
  ) throws(ModelError) -> Bool {
    switch try field.key(PruneKey.self) {
    case .ratio: options.target = .ratio(try field.fraction())
    case .macs: options.target = .macs(try field.fraction())
    case .params: options.target = .parameters(try field.fraction())
    case .bytes: options.target = .bytes(try field.fraction())
    default: return false
    }
    return true
  }

  /// Reads what to prune.
  private mutating func readChoice(
    _ field: RecipeField, _ options: inout PruningOptions
  ) throws(ModelError) {
    switch try field.key(PruneKey.self) {
    case .ratio, .macs, .params, .bytes: break
    case .scope: options.competition = try field.choice(PruningOptions.Competition.self)
    case .attention: options.choices.attention = try field.choice(PruningOptions.Attention.self)
    case .cutReductions: options.choices.cutsReductions = try field.flag()
    case .importance:
      guard let importance = PruningOptions.Importance(name: try field.string()) else {
        throw field.mismatch(
          "one of " + PruningOptions.Importance.allNames.joined(separator: ", "))
      }
      options.importance = importance
      choosesImportance = false
    case .reduction: options.reduction = try field.choice(PruningOptions.Reduction.self)
    case .normalizer: options.normalizer = try field.choice(PruningOptions.Normalizer.self)
    case .minChannels: options.minChannels = try field.integer()
    case .ratios: options.groupRatios = try field.groupRatios()
    case .roundTo: options.roundTo = try field.integer()
    case .maxRatio: options.maxRatio = try field.fraction()
    case .keep: options.keep = try field.strings()
    case .scores: scores = try field.string()
    case .seed: options.seed = UInt64(clamping: try field.integer())
    case .freezeOverridable: options.freezesOverridable = try field.flag()
    }
  }

  private mutating func readData(_ fields: [RecipeField]) throws(ModelError) {
    for field in fields {
      switch try field.key(DataKey.self) {
      case .calibration: calibration = try field.string()
      case .evaluate: evaluation = try field.string()
      }
    }
  }
}
