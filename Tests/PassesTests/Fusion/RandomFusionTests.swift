import Execution
import Foundation
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Whatever is fused, results stay equal and fusing again changes nothing.
///
/// `FUSION_GRAPHS=10000` in the environment runs that many graphs instead of 2,000.
@Suite struct RandomFusionTests {
  private static let graphs =
    ProcessInfo.processInfo.environment["FUSION_GRAPHS"].flatMap { Int($0) } ?? 2000

  @Test func equalOutputs() throws {
    var run = 0, rewrites = 0
    for seed in 0..<Self.graphs {
      var grower = RandomGraphs(seed: UInt64(seed))
      let model = grower.model()
      guard !model.graph.outputs.isEmpty else { continue }
      var fused = model
      do {
        let reports = try PassManager(try Simplify.passes()).run(&fused)
        rewrites += reports.reduce(0) { $0 + $1.applied.count }
        for (name, difference) in try differences(model, fused) {
          #expect(
            difference.maxRelative <= 1e-6 || difference.maxAbsolute <= 1e-12,
            "seed \(seed), output '\(name)': \(difference)\n\(model.text())")
        }
      } catch {
        Issue.record("seed \(seed): \(error)\n\(model.text())")
        continue
      }
      run += 1
      #expect(fused.graph.nodeCount <= model.graph.nodeCount, "seed \(seed)")
      var again = fused
      _ = try PassManager(try Simplify.passes()).run(&again)
      #expect(again.text() == fused.text(), "seed \(seed) is the same when fused again")
    }
    #expect(run > Self.graphs * 9 / 10)
    #expect(rewrites > 2 * Self.graphs)
  }

  /// How far each output of the two lies apart, in double precision.
  ///
  /// Values are around 1, so that an output of less than 1e-12 is what rounding has left of the
  /// difference of equal values: its relative difference says nothing.
  private func differences(_ a: Model, _ b: Model) throws -> [(name: String, Comparison)] {
    let options = SessionOptions(backend: .reference, threads: 1)
    let inputs = try SeededInputs.make(
      for: a.graph, shapes: try SampleShapes.first(for: a), seed: 0)
    let first = try Session(a, options: options).run(inputs)
    let second = try Session(b, options: options).run(inputs)
    return try first.keys.sorted().map { name in
      let candidate = try #require(second[name])
      return (name, try Comparison(reference: #require(first[name]), candidate: candidate))
    }
  }
}
