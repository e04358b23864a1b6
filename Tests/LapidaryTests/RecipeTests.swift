import Foundation
import Lapidary
import TestSupport
import Testing

@Suite struct RecipeTests {
  @Test func everyStage() throws {
    let recipe = try Recipe(
      yaml: """
        fuse: false
        recover: false
        prune: { macs: 0.5, scope: global, round-to: 8, max-ratio: 0.8, keep: ["head*", fc] }
        quantize:
          { method: percentile, percentile: 0.999, exclude: first, weight-bits: 4, rounding: gptq }
        """)
    #expect(!recipe.fuses && !recipe.recovers)
    let pruning = try #require(recipe.pruning)
    #expect(pruning.target == .macs(0.5) && pruning.competition == .global)
    #expect(pruning.roundTo == 8 && pruning.maxRatio == 0.8 && pruning.keep == ["head*", "fc"])
    let quantization = try #require(recipe.quantization)
    #expect(quantization.method == .percentile(0.999) && quantization.exclude == ["first"])
    #expect(quantization.weightBits == 4 && quantization.rounding == .gptq)
  }

  @Test("How to fuse reaches the stage")
  func fusion() throws {
    let model = try FixtureModel.load()
    func nodes(_ fuse: String) throws -> Int {
      let recipe = try Recipe(yaml: "fuse: \(fuse)\nquantize: false")
      return try Compression(model, recipe, calibration: nil, evaluation: nil).model.graph.nodeCount
    }
    #expect(try nodes("true") < nodes("{ only: [remove-identities] }"))
  }

  @Test("Data and scores of a recipe are used, seen from its folder")
  func data() throws {
    let folder = try TemporaryFolder()
    let fixtures = Repository.fixture("fashion")
    try FileManager.default.copyItem(
      atPath: "\(fixtures)/calibration.npz", toPath: folder["samples.npz"])
    try folder.add(
      "r.yaml", Array("data: { calibration: samples.npz }\nquantize: true\n".utf8))
    let result = try Command.run(
      [
        "compress", "\(fixtures)/fashion.onnx", "-o", folder["q.onnx"], "--recipe",
        folder["r.yaml"],
      ],
      in: "/")
    #expect(result.status == 0, "\(result.errors)")
    #expect(String(decoding: result.output, as: UTF8.self).contains("\nquantized"))
  }

  @Test func aStageCanBeLeftOut() throws {
    #expect(try Recipe(yaml: "quantize: false").quantization == nil)
  }

  @Test("Floats of 16 bits take the place of integers, and are proved")
  func half() throws {
    let recipe = try Recipe(yaml: "half: float16")
    #expect(recipe.half == .float16 && recipe.quantization == nil)
    let model = try FixtureModel.load()
    let result = try Compression(model, recipe, calibration: nil, evaluation: nil)
    let bytes = Double(ONNXFile.byteCount(of: result.model))
    #expect(bytes < 0.52 * Double(ONNXFile.byteCount(of: model)))
    let stage = try #require(result.stages.last)
    #expect(stage.name == "in 16 bits")
    guard case .signal(_, let signal, 16, .random) = stage.proof else {
      Issue.record("\(String(describing: stage.proof))")
      return
    }
    #expect(signal > 50)
  }

  @Test("half is a type, or whether to have one")
  func flags() throws {
    #expect(try Recipe(yaml: "half: true").half == .float16)
    #expect(try Recipe(yaml: "half: false").half == nil)
    #expect(try Recipe(yaml: "half: false").quantization != nil)
    #expect(try Recipe(yaml: "{ half: true, quantize: false }").quantization == nil)
  }

  @Test(arguments: [
    ("prune: { ratio: much }", "recipe, 'prune.ratio': expected a number, found much"),
    (
      "prune: { scope: local }",
      "recipe, 'prune': expected one of ratio, macs, params, bytes, found 0"
    ),
    (
      "polish: true",
      "recipe: expected one of edit, fuse, drop, prune, recover, factor, tune, quantize, half, data, found 'polish'"
    ),
    ("prune: { ratio: 0.5, speed: 1 }", "recipe: 'prune.speed' is not known"),
    (
      "quantize: { method: guess }",
      "method: expected auto, minmax, moving-average, percentile, entropy or mse, found 'guess'"
    ),
    (
      "half: float8", "recipe, 'half': expected float16 or bfloat16, found float8"
    ),
    (
      "{ half: float16, quantize: true }",
      "recipe: expected one of quantize and half, found both"
    ),
    ("- a list", "recipe: expected a mapping of stages, found none"),
  ])
  func mistakesAreNamed(yaml: String, message: String) throws {
    let error = try #require(throws: ModelError.self) { try Recipe(yaml: yaml) }
    #expect(error.message == message)
  }
}
