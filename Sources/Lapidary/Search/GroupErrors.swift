internal import Execution
internal import IR
internal import Passes
internal import Samples

/// Measures what cuts of single groups cost the outputs.
enum GroupErrors {
  /// Fractions of each group that are tried.
  static let ratios = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 0.9375]
  /// Multiply-accumulates that the measurement may take, which bounds its samples.
  private static let work = 4e12
  private static let samples = 16...128

  static func measure(
    _ maker: CandidateMaker, _ progress: (WorkProgress) -> Void
  ) throws(ModelError) -> [WidthSearch.Group] {
    let setting = maker.setting
    guard let fit = setting.fit else { return [] }
    let options = CandidateMaker.pruning(maker.recipe, [:])
    var pruner = try Pruner(maker.fused.model, options)
    if options.importance.needsCalibration {
      try pruner.calibrate(on: SampleRun(fit, for: pruner.model), options: setting.options)
    }
    let probes = try pruner.sensitivity(ratios: ratios, options: setting.options)
    let runs = Double(max(1, probes.groups.reduce(0) { $0 + $1.probes.count }))
    let macs = Double(max(1, try pruner.widthCosts().whole.macs))
    let limit = Int(min(work / runs / macs, Double(samples.upperBound)))
    let found = try Sensitivity(
      probes, of: pruner.model, on: fit, limit: max(limit, samples.lowerBound), progress: progress)
    return found.groups.map { group in
      // More cut never counts as less lost: measured noise is not quite monotone.
      var least = 0.0
      let errors = group.points.map { point -> Double in
        least = max(
          least, point.noise.isFinite ? point.noise : Double(Float.greatestFiniteMagnitude))
        return least
      }
      return WidthSearch.Group(
        key: group.key, ratios: [0] + group.points.map(\.ratio), errors: [0] + errors)
    }
  }
}
