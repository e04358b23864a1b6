internal import Execution
internal import IR
internal import Passes
internal import Samples

/// Measures what cuts of single groups cost the outputs.
///
/// Layers that read a group's channels lose what the weights that make up for it best leave, which is
/// known for every number of channels from one run of the model (`RefitErrors`). How much of that reaches
/// the outputs is measured with a small part of the channels gone and weights as they are. Where readers
/// are not plain linear layers, every fraction is measured.
enum GroupErrors {
  /// Fractions of each group that are tried.
  static let ratios = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 0.9375]
  /// Those that are measured where the rest follows from them.
  private static let measured = [0.25]
  /// Multiply-accumulates that the measurement may take, which bounds its samples.
  private static let work = 1.2e12
  private static let samples = 8...128

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
    let macs = Double(max(1, try pruner.widthCosts().whole.macs))
    func limit(_ runs: Int) -> Int {
      let limit = Int(min(work / Double(max(1, runs)) / macs, Double(samples.upperBound)))
      return max(limit, samples.lowerBound)
    }
    // Without recovery weights stay as they are.
    let refits = maker.recipe.recovers
    let curves =
      refits
      ? try pruner.refitErrors(
        on: SampleRun(fit, for: pruner.model, limit: limit(1)), options: setting.options
      ).curves : [:]
    let probes = try pruner.sensitivity(options: setting.options) {
      curves[$0] == nil ? ratios : measured
    }
    let runs = probes.groups.reduce(0) { $0 + $1.probes.count }
    let found = try Sensitivity(
      probes, of: pruner.model, on: fit, limit: limit(runs), progress: progress)
    let widths = try pruner.widthCosts()
    var groups: [WidthSearch.Group] = []
    // What reaches the outputs of a layer's loss, by label; of groups that tell of one layer, the most.
    var reaching: [String: Double] = [:]
    for group in found.groups {
      guard let curve = curves[group.key], let factor = factor(group, curve) else {
        groups.append(taken(group))
        continue
      }
      groups.append(foretold(group, factor, curve, widths))
      for reader in curve.readers { reaching[reader] = max(reaching[reader] ?? 0, factor) }
    }
    return groups + (try ranks(maker, reaching)) + (try blocks(maker))
  }

  /// Blocks that can go.
  private static func blocks(
    _ maker: CandidateMaker
  ) throws(ModelError) -> [WidthSearch.Group] {
    let recipe = maker.recipe
    guard recipe.dropsBlocks, recipe.drop == nil, recipe.recovers, let fit = maker.setting.fit,
      maker.calibration.count >= ShrinkStage.fewest, fit.part != .random
    else { return [] }
    var setting = maker.setting
    setting.progress = { _ in }
    let errors = try BlockErrors.measure(
      maker.fused.model, keeping: recipe.pruning?.keep ?? [], on: fit, setting)
    return errors.sorted { $0.key < $1.key }.map {
      WidthSearch.Group(key: BlockOption.key($0.key), ratios: [0, 1], errors: [0, $0.value])
    }
  }

  /// Fractions of a layer's multiply-accumulates that go by a rank.
  private static let fractions = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875]

  /// Ranks of layers of which it is known what of their loss reaches the outputs.
  private static func ranks(
    _ maker: CandidateMaker, _ reaching: [String: Double]
  ) throws(ModelError) -> [WidthSearch.Group] {
    guard maker.recipe.factors, maker.recipe.recovers, let fit = maker.setting.fit,
      maker.calibration.count >= ShrinkStage.fewest, fit.part != .random
    else { return [] }
    let keep = maker.recipe.pruning?.keep ?? []
    var options = FactorOptions(target: .ratio(0))
    options.keep = keep
    let factorizer = try Factorizer(maker.fused.model, options)
    guard factorizer.isQuick else { return [] }
    let losses = try factorizer.losses(
      fractions, on: SampleRun(fit, for: factorizer.model), options: maker.setting.options)
    return losses.sorted { $0.key < $1.key }.compactMap { layer, losses in
      guard let factor = reaching[layer] else { return nil }
      return WidthSearch.Group(
        key: RankOption.key(layer), ratios: [0] + fractions,
        errors: [0] + losses.map { factor * $0 })
    }
  }

  /// A group of which every fraction was measured.
  private static func taken(_ group: Sensitivity.Group) -> WidthSearch.Group {
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

  /// What of the loss of a group's readers reaches the outputs; nil where the measurement does not say.
  private static func factor(
    _ group: Sensitivity.Group, _ curve: RefitErrors.Curve
  ) -> Double? {
    var reaching = 0.0, lost = 0.0
    for point in group.points where point.noise.isFinite {
      let gone = group.channels - point.kept
      guard curve.masked.indices.contains(gone) else { continue }
      reaching += point.noise
      lost += curve.masked[gone]
    }
    return reaching > 0 && lost > 0 ? reaching / lost : nil
  }

  /// A group whose readers are known.
  private static func foretold(
    _ group: Sensitivity.Group, _ factor: Double, _ curve: RefitErrors.Curve,
    _ widths: WidthCosts
  ) -> WidthSearch.Group {
    let errors = ratios.map { ratio -> Double in
      let width = widths.widths([group.key: ratio])[group.key]
      let gone = width.map { $0.channels - $0.kept } ?? 0
      return factor * curve.refitted[min(gone, curve.refitted.count - 1)]
    }
    return WidthSearch.Group(key: group.key, ratios: [0] + ratios, errors: [0] + errors)
  }
}
