import Executor
import Foundation
import IR
import Passes
import TestSupport
import Testing

/// Whatever is fused, results stay equal and fusing again changes nothing.
///
/// `FUSION_GRAPHS=10000` in the environment runs that many graphs instead of a few hundred.
@Suite struct RandomFusionTests {
  private static let graphs =
    ProcessInfo.processInfo.environment["FUSION_GRAPHS"].flatMap { Int($0) } ?? 400

  @Test func equalOutputs() throws {
    var run = 0, rewrites = 0
    for seed in 0..<Self.graphs {
      var grower = RandomGraphs(seed: UInt64(seed))
      let model = grower.model()
      guard !model.graph.outputs.isEmpty else { continue }
      var fused = model
      let verification = Verification(
        tolerance: 1e-6, options: SessionOptions(backend: .reference, threads: 1))
      do {
        let reports = try PassManager(try Simplify.passes(), verification: verification).run(&fused)
        rewrites += reports.reduce(0) { $0 + $1.applied.count }
        #expect(try verification.check(model, fused) != nil, "seed \(seed) can be run")
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
}
