public import IR
internal import Samples

/// Divides layers that were chosen into two with fewer channels between them.
public struct FactorStage: Stage {
  /// What recipes call it.
  public let name = "factor"
  /// What reports call the model after it.
  public let result = "factored"
  /// What must not hold before it.
  public let excludes: Set<ModelProperty> = [.quantized]
  /// What layers vary in comes from data.
  public let needsCalibration: String? = "low-rank factorisation"
  private let ratios: [String: Double]

  /// A stage.
  ///
  /// - Parameter ratios: by the labels of layers, the fractions of their multiply-accumulates that go.
  public init(_ ratios: [String: Double]) { self.ratios = ratios }

  /// Changes the model of a state and says how that was proved.
  public func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    guard let fit = setting.fit else { return nil }
    let factorizer = try Factorizer(state.model, FactorOptions(target: .layers(ratios)))
    let result = try factorizer.factor(
      on: SampleRun(fit, for: factorizer.model), options: setting.options,
      progress: { setting.progress($0.within("measuring layers")) })
    state.replace(with: result.model)
    let divided = result.report.layers.count { $0.rank != nil }
    state.notes.append("factor: \(divided) layers divided into two")
    return try setting.signal(of: state.model, against: state.original)
  }
}
