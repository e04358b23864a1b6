import Execution
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Layers that are given back until a model loses no more than allowed.
@Suite struct AccuracyFallbackTests {
  /// Three layers; values between the first and the second have one channel that drowns the others,
  /// which a sum reads too, so that nothing evens them out.
  private func model() -> Model {
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 6, 4, 4])
    net.changedWeights["first.w"] = { values in
      for place in values.indices where place / 6 == 2 { values[place] *= 300 }
    }
    let first = net.node(
      "Relu", "act",
      [net.node("Conv", "first", [x, net.weight("first.w", [8, 6, 1, 1], seed: 1)])])
    net.changedWeights["second.w"] = { values in
      for place in values.indices where place % 8 == 2 { values[place] = 0 }
    }
    let second = net.node(
      "Conv", "second", [first, net.weight("second.w", [8, 8, 1, 1], seed: 2)])
    let third = net.node(
      "Conv", "third",
      [net.node("Relu", "act2", [second]), net.weight("third.w", [5, 8, 1, 1], seed: 3)])
    net.output(net.node("Flatten", "flat", [net.node("GlobalAveragePool", "pool", [third])]))
    let large = net.node("GlobalMaxPool", "max", [first])
    net.output(large)
    return net.model()
  }

  private func data(_ model: Model) throws -> Dataset {
    let shapes = try SampleShapes.first(for: model)
    let samples = try (1...96).map {
      try SeededInputs.make(for: model.graph, shapes: shapes, seed: $0)
    }
    let values = try samples.flatMap { try #require($0["x"]?.floats) }
    return try Dataset(
      [("x", Tensor(floats: values, [samples.count, 6, 4, 4]))], for: model.graph, label: "data")
  }

  private func outcome(
    _ profile: QuantizationOptions.Profile, most: Double
  ) throws -> (AccuracyFallback.Outcome, Quantizer.Result, Model) {
    let model = model(), data = try data(model)
    var options = QuantizationOptions()
    options.profile = profile
    let statistics = try Quantizer(model, options).calibrate(on: SampleRun(data, for: model))
    let layers = try Quantizer(model, options).plan(statistics).weightedOutputs
    let search = AccuracyFallback(model, most: most, options: SessionOptions())
    let found = try search.run(on: data, layers: layers, hasWide: options.offersWideActivations) {
      choice throws(ModelError) in
      var own = options
      own.exclude += choice.floats
      own.wide += choice.wide
      return try Quantizer(model, own).quantize(statistics)
    }
    return (found.outcome, found.result, model)
  }

  @Test("A profile with 16 bits gives those to the layers that cost most")
  func wide() throws {
    let (outcome, result, model) = try outcome(.qnn, most: 2)
    #expect(outcome.before.points > 2 && outcome.after.points <= 2, "\(outcome)")
    #expect(!outcome.wide.isEmpty && outcome.floats.isEmpty)
    let types = Set(result.plan.values.map(\.type))
    #expect(types == ["uint8", "uint16"])
    #expect(result.plan.nodes.filter { $0.form == .weighted }.count == 3)
    // The plan replays as it is.
    var options = QuantizationOptions()
    options.profile = .qnn
    options.hasWideActivations = result.plan.hasWideActivations
    let again = try Quantizer(model, options).apply(result.plan, modelHash: "")
    #expect(again.model.text(tensorLimit: 100) == result.model.text(tensorLimit: 100))
  }

  @Test("A profile without gives them back to float")
  func float() throws {
    let (outcome, result, _) = try outcome(.ortX86, most: 2)
    #expect(outcome.before.points > 2 && outcome.after.points <= 2, "\(outcome)")
    #expect(outcome.wide.isEmpty && !outcome.floats.isEmpty)
    #expect(result.plan.nodes.filter { $0.form == .weighted }.count < 3)
  }

  @Test("Nothing goes back where enough is allowed")
  func enough() throws {
    let (outcome, _, _) = try outcome(.qnn, most: 100)
    #expect(outcome.wide.isEmpty && outcome.floats.isEmpty && outcome.before == outcome.after)
  }
}
