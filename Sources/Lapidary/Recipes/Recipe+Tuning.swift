public import Gradients
internal import IR

extension Recipe {
  /// Tuning with nothing said of how much: steps by the number of samples, and never by the clock, so
  /// that the same input gives the same bytes on any machine.
  public static var usualTuning: TuningOptions { TuningOptions() }

  private enum TuneKey: String, CaseIterable {
    case steps, minutes, loss, alter, rate, batch, optimizer, seed, quantized
  }

  /// Reads how to tune.
  mutating func readTuning(_ field: RecipeField) throws(ModelError) {
    tuning = nil
    tunesAlways = true
    if let flag = field.flagOrNil {
      tuning = flag ? Self.usualTuning : nil
      return
    }
    var options = TuningOptions()
    for field in try field.fields() {
      switch try field.key(TuneKey.self) {
      case .steps: options.steps = try field.integer()
      case .minutes: options.seconds = try field.number() * 60
      case .loss:
        options.kinds = Set(
          try field.strings().map { word throws(ModelError) in
            guard let kind = Objective.Kind(rawValue: word) else {
              let all = Objective.Kind.allCases.map(\.rawValue)
              throw field.mismatch("some of " + all.joined(separator: ", "))
            }
            return kind
          })
      case .alter:
        options.alterations = Set(
          try field.strings().map { word throws(ModelError) in
            guard let kind = Alteration(rawValue: word) else {
              let all = Alteration.allCases.map(\.rawValue)
              throw field.mismatch("some of " + all.joined(separator: ", "))
            }
            return kind
          })
      case .rate: options.rate = try field.number()
      case .batch: options.batch = try field.integer()
      case .optimizer: options.optimizer = try field.choice(TuningOptions.Optimizer.self)
      case .seed: options.seed = UInt64(clamping: try field.integer())
      case .quantized: options.isQuantized = try field.flag()
      }
    }
    guard options.steps ?? 1 > 0, options.seconds ?? 1 > 0, options.batch > 0, options.rate > 0
    else {
      throw field.mismatch("steps, minutes, batch and rate above 0")
    }
    tuning = options
  }
}
