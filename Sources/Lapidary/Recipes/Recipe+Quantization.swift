public import Passes
public import IR

extension Recipe {
  private enum QuantizeKey: String, CaseIterable {
    case profile, method, percentile, rounding, exclude
    case weightBits = "weight-bits"
    case fullWeights = "full-weights"
    case activationBits = "activation-bits"
    case biasCorrection = "bias-correction"
  }

  /// Reads how to quantize.
  static func quantization(
    _ fields: [RecipeField]
  ) throws(ModelError) -> QuantizationOptions {
    var options = QuantizationOptions()
    // A percentile wins over the method's name, in whatever order they stand.
    for field in fields {
      switch try field.key(QuantizeKey.self) {
      case .profile: options.profile = try field.choice(QuantizationOptions.Profile.self)
      case .method:
        options.method = try QuantizationOptions.Method(named: try field.string())
      case .percentile: options.method = .percentile(try field.fraction(in: 0.5...1))
      case .rounding: options.rounding = try field.choice(QuantizationOptions.Rounding.self)
      case .weightBits:
        let bits = try field.integer()
        guard 2...8 ~= bits else { throw field.mismatch("a number from 2 to 8") }
        options.weightBits = bits
      case .fullWeights: options.fullWeights = try field.strings()
      case .activationBits:
        let bits = try field.integer()
        guard bits == 8 || bits == 16 else { throw field.mismatch("8 or 16") }
        options.hasWideActivations = bits == 16
      case .biasCorrection: options.correctsBias = try field.flag()
      case .exclude: options.exclude = try field.strings()
      }
    }
    return options
  }
}

extension QuantizationOptions.Method {
  /// The fraction of values that `percentile` keeps when no other is given.
  public static let defaultPercentile = 0.9999

  private static let names = [
    "auto", "minmax", "moving-average", "percentile", "entropy", "mse",
  ]

  /// The method of this name, as on the command line.
  public init(named name: String) throws(ModelError) {
    switch name {
    case "minmax": self = .minmax
    case "moving-average": self = .movingAverage
    case "percentile": self = .percentile(Self.defaultPercentile)
    case "entropy": self = .entropy
    case "mse": self = .mse
    case "auto": self = .auto
    default:
      throw ModelError(
        .request,
        "method: expected auto, minmax, moving-average, percentile, entropy or mse, found '\(name)'",
        hint: NearWord.nearest(to: name, among: Self.names).map { "did you mean '\($0)'?" })
    }
  }
}
