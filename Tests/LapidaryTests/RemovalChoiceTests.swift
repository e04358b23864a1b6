import Lapidary
import TestSupport
import Testing

/// Channels chosen by what readers lose, on the trained network.
@Suite struct RemovalChoiceTests {
  private func recovered(_ importance: String) throws -> (layers: Double, outputs: Double) {
    let model = try FixtureModel.load()
    var options = PruningOptions(target: .ratio(0.5))
    options.importance = try #require(PruningOptions.Importance(name: importance))
    let data = try FixtureModel.calibration(model)
    var pruner = try Pruner(model, options)
    if options.importance.needsCalibration {
      try pruner.calibrate(
        on: SampleRun(data, for: pruner.model), options: SessionOptions(backend: .accelerated))
    }
    let curves = try pruner.refitErrors(
      on: SampleRun(data, for: pruner.model), options: SessionOptions(backend: .accelerated)
    ).curves
    let layers = curves.values.map { $0.refitted[$0.refitted.count / 2] / Double($0.readers.count) }
    var recipe = Recipe()
    recipe.pruning = options
    recipe.choosesImportance = false
    recipe.tuning = nil
    recipe.quantization = nil
    let result = try Compression(
      model, recipe, calibration: data, evaluation: try FixtureModel.test(model))
    let stage = try #require(result.stages.first { $0.name == "recovered" })
    return (
      layers.sorted().reduce(0, +) / Double(layers.count), Double(stage.accuracy?.top1 ?? 0)
    )
  }

  @Test("Layers lose a fifth less than by norms, and the network keeps more")
  func layerErrors() throws {
    let norms = try recovered("l2"), removals = try recovered("obs")
    #expect(
      removals.layers < 0.8 * norms.layers, "\(removals.layers), by norms \(norms.layers)")
    #expect(removals.outputs > norms.outputs, "\(removals.outputs), by norms \(norms.outputs)")
  }
}
