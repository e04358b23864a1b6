public import IR
internal import Samples

/// Stores and computes a model in floating-point numbers of 16 bits.
public struct HalfStage: Stage {
  /// What recipes call it.
  public let name = "half"
  /// What reports call the model after it.
  public let result = "in 16 bits"
  /// What must not hold before it.
  public let excludes: Set<ModelProperty> = [.quantized, .half]
  /// What holds afterwards.
  public let ensures: Set<ModelProperty> = [.half]
  private let type: HalfEncoding.HalfType

  /// A stage for one of the types.
  public init(_ type: HalfEncoding.HalfType) { self.type = type }

  /// Changes the model of a state and says how that was proved. What numbers its values reach is measured on
  /// the samples that are fitted to; on noise where there are none.
  public func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    let samples = setting.fit.map {
      EncodingSamples($0, for: state.model, options: setting.options)
    }
    let encoded = try HalfEncoding(type, options: setting.options).encode(state.model, on: samples)
    state.replace(with: encoded.model)
    state.notes += encoded.notes
    return try proof(of: encoded.model, against: state.original, setting)
  }

  /// How many samples of noise it is proved on where there are no others.
  private static let samples = 16

  private func proof(
    of model: Model, against original: Model, _ setting: StageSetting
  ) throws(ModelError) -> StageProof {
    guard setting.proof == nil, let seed = setting.verification?.seed else {
      return try setting.signal(of: model, against: original)
    }
    do {
      var setting = setting
      setting.proof = try Dataset.load("random:\(Self.samples)", for: original, seed: seed)
      return try setting.signal(of: model, against: original)
    } catch { return .noInputs(error.description) }
  }
}
