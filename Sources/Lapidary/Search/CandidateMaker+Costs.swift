internal import IR
internal import ONNXFile
internal import Passes
internal import Samples

extension CandidateMaker {
  /// Samples that ranges are taken of where only costs are wanted.
  private static let outlineSamples = 2

  /// What a model costs that is cut, and quantized with a few samples, and fitted to nothing: costs do
  /// not depend on what weights are.
  ///
  /// - Parameter stores: whether it matters how numbers are stored. Multiply-accumulates alone are
  ///   counted without quantizing.
  func outline(
    _ place: Candidate.Place, _ solution: WidthSearch.Solution?, stores: Bool
  ) throws(ModelError) -> ModelCosts {
    var recipe = recipe(
      (solution?.ratios ?? [:]).filter { $0.value > 0 }, stores ? place.numbers : .float)
    (recipe.recovers, recipe.tuning) = (false, nil)
    recipe.pruning?.importance = .l2
    recipe.quantization?.rounding = .nearest
    var setting = setting
    setting.verification = nil
    setting.fit = calibration.first(Self.outlineSamples)
    var state = fused
    for stage in recipe.stages(hasCalibration: true) {
      _ = try noting(stage.name) { () throws(ModelError) in try stage.run(&state, setting) }
    }
    return try costs(of: state)
  }

  /// How long the model runs at several widths.
  ///
  /// - Parameter known: what was measured before, which must be of this model.
  func latencies(
    known: LatencyTable?, _ progress: @escaping @Sendable (WorkProgress) -> Void
  ) throws(ModelError) -> LatencyTable {
    let hash = original.contentHash()
    if let known {
      guard known.model == hash else {
        throw ModelError(
          .request,
          "latency table: expected one of model \(hash), found one of \(known.model)",
          hint: "measure this model with latency-table")
      }
      return known
    }
    var setting = setting
    setting.fit = calibration.first(Self.outlineSamples)
    return try LatencyTable(
      fused, recipe, hash: hash, on: choosing, dimensions: dimensions, setting,
      progress: progress)
  }

  /// What the original costs.
  func originalCosts() throws(ModelError) -> ModelCosts {
    try costs(of: ModelState(original)) { () throws(ModelError) in
      try time(of: original, trial.onnxruntime)
    }
  }

  func costs(of state: ModelState) throws(ModelError) -> ModelCosts {
    try costs(of: state) { () throws(ModelError) in try time(of: state.model) }
  }

  private func costs(
    of state: ModelState, _ time: () throws(ModelError) -> RunTime
  ) throws(ModelError) -> ModelCosts {
    let cost = try trial.cost(of: state.model).0
    let bytes = ONNXFile.byteCount(of: state.model)
    let integer = Set(state.entries.filter { $0.reason == nil }.map(\.node))
    let integerMacs = cost.nodes.reduce(0) {
      $0 + (integer.contains($1.label) ? $1.macs ?? 0 : 0)
    }
    return ModelCosts(
      bytes: bytes, macs: cost.macs, parameters: cost.parameters,
      energy: EnergyModel.joules(
        floatMacs: cost.macs - integerMacs, integerMacs: integerMacs, bytes: bytes),
      time: isTimed ? try time() : nil)
  }

  /// How long a run takes, measured anew; in onnxruntime too where the original was timed there.
  private func time(of model: Model) throws(ModelError) -> RunTime {
    guard let onnxruntimeOriginal else { return try time(of: model, nil) }
    guard let onnxruntime = trial.onnxruntime else {
      throw ModelError(
        .request,
        "plan: expected onnxruntime, in which its models were timed, found no Python that has it",
        hint: "name one with LAPIDARY_PYTHON")
    }
    let found = try time(of: model, onnxruntime)
    guard found.onnxruntime == nil else { return found }
    return RunTime(
      seconds: found.seconds, original: found.original,
      onnxruntime: .init(seconds: RunTime.noRun, original: onnxruntimeOriginal))
  }

  private func time(
    of model: Model, _ onnxruntime: OnnxruntimeLatency?
  ) throws(ModelError) -> RunTime {
    try RunTime.measure(model, against: original, on: choosing, setting.options, onnxruntime)
  }
}
