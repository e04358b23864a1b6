import Lapidary
import Testing

@Suite struct RecipeTests {
  @Test func everyStage() throws {
    let recipe = try Recipe(
      yaml: """
        fuse: false
        recover: false
        prune: { macs: 0.5, scope: global, round-to: 8, max-ratio: 0.8, keep: ["head*", fc] }
        quantize: { method: percentile, percentile: 0.999, exclude: first }
        """)
    #expect(!recipe.fuses && !recipe.recovers)
    let pruning = try #require(recipe.pruning)
    #expect(pruning.target == .macs(0.5) && pruning.competition == .global)
    #expect(pruning.roundTo == 8 && pruning.maxRatio == 0.8 && pruning.keep == ["head*", "fc"])
    let quantization = try #require(recipe.quantization)
    #expect(quantization.method == .percentile(0.999) && quantization.exclude == ["first"])
  }

  @Test func aStageCanBeLeftOut() throws {
    #expect(try Recipe(yaml: "quantize: false").quantization == nil)
  }

  @Test(arguments: [
    ("prune: { ratio: much }", "recipe, 'prune.ratio': expected a number, found much"),
    (
      "prune: { scope: local }",
      "recipe, 'prune': expected one of ratio, macs, params, bytes, found 0"
    ),
    (
      "polish: true", "recipe: expected one of fuse, prune, recover, quantize, data, found 'polish'"
    ),
    ("prune: { ratio: 0.5, speed: 1 }", "recipe: 'prune.speed' is not known"),
    ("quantize: { method: guess }", "method: expected minmax or percentile, found 'guess'"),
    ("- a list", "recipe: expected a mapping of stages, found none"),
  ])
  func mistakesAreNamed(yaml: String, message: String) throws {
    let error = try #require(throws: ModelError.self) { try Recipe(yaml: yaml) }
    #expect(error.message == message)
  }
}
