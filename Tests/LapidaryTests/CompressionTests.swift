import Lapidary
import TestSupport
import Testing

/// The main job on the trained network.
@Suite struct CompressionTests {
  @Test("Every stage shrinks the network, is proved, and says what it cost")
  func stages() throws {
    let model = try FixtureModel.load()
    var recipe = Recipe()
    recipe.pruning = PruningOptions(target: .ratio(0.3))
    recipe.tuning?.steps = 30
    let result = try Compression(
      model, recipe, calibration: try FixtureModel.calibration(model),
      evaluation: try FixtureModel.test(model))
    let stages = Dictionary(uniqueKeysWithValues: result.stages.map { ($0.name, $0) })
    let original = try #require(stages["original"]), fused = try #require(stages["fused"])
    let pruned = try #require(stages["pruned"]), recovered = try #require(stages["recovered"])
    let tuned = try #require(stages["tuned"]), quantized = try #require(stages["quantized"])

    #expect(original.accuracy?.top1 == 1880)
    #expect(fused.accuracy?.top1 == 1880)
    #expect(fused.nodes == 54 && original.nodes == 77)
    #expect(Double(pruned.macs) < 0.52 * Double(fused.macs))
    #expect(pruned.parameters == 101_096)
    let before = try #require(pruned.accuracy?.top1), after = try #require(recovered.accuracy?.top1)
    #expect(before < 1000 && after >= 1840)
    let learnt = try #require(tuned.accuracy?.top1)
    #expect(learnt >= after - 10)
    let integer = try #require(quantized.accuracy?.top1)
    #expect(abs(integer - learnt) <= 60)
    #expect(Double(quantized.bytes) < 0.5 * Double(recovered.bytes))
    for entry in result.quantization where ["Conv", "Gemm"].contains(entry.op.type) {
      #expect(entry.reason == nil, "\(entry.node)")
    }
  }

  @Test("Without pruning the integers cost less than one point")
  func quantizationAlone() throws {
    let model = try FixtureModel.load()
    let result = try Compression(
      model, Recipe(), calibration: try FixtureModel.calibration(model),
      evaluation: try FixtureModel.test(model))
    let last = try #require(result.stages.last)
    #expect(last.name == "quantized")
    #expect(try #require(last.accuracy?.top1) >= 1860)
    #expect(last.bytes < 330_000)
  }

  @Test("A recipe that quantizes needs calibration data")
  func missingCalibration() throws {
    let model = try FixtureModel.load()
    let error = try #require(throws: ModelError.self) {
      try Compression(model, Recipe(), calibration: nil, evaluation: nil)
    }
    #expect(error.message.contains("expected calibration data, found none"))
  }

  @Test("The same input gives the same bytes, on any number of threads")
  func determinism() throws {
    let model = try FixtureModel.load()
    func prune(_ threads: Int) throws -> [UInt8] {
      let pruner = try Pruner(model, PruningOptions(target: .ratio(0.4)))
      let verification = Verification(options: SessionOptions(threads: threads))
      return try ONNXFile.encode(try pruner.prune(verification: verification).model)
    }
    #expect(try prune(1) == prune(2))
    func quantize(_ threads: Int) throws -> [UInt8] {
      let quantizer = try Quantizer(model, QuantizationOptions())
      let options = SessionOptions(backend: .reference, threads: threads)
      let ranges = try quantizer.calibrate(
        on: try FixtureModel.calibration(model), options: options)
      return try ONNXFile.encode(try quantizer.quantize(ranges).model)
    }
    #expect(try quantize(1) == quantize(2))
  }
}
