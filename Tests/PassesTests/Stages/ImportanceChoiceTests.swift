import Execution
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Which importance is taken where nobody asked for one.
@Suite struct ImportanceChoiceTests {
  /// Two layers; the channels of the first with the largest weights see only zeros, and say nothing.
  private func network() -> Model {
    var net = Network()
    let x = net.input("x", [1, 8])
    let first = net.constant(
      "w1",
      Tensor(
        floats: (0..<16 * 8).map { place in
          let (output, input) = (place / 8, place % 8)
          // Outputs 8 to 15 read inputs 4 to 7 alone.
          guard (output < 8) == (input < 4) else { return 0 }
          return (output < 8 ? 0.3 : 3) * Float((place * 7919) % 13 - 6) / 6
        }, [16, 8]))
    let hidden = net.node(
      "Relu", "relu", [net.node("Gemm", "fc1", [x, first], [Attribute("transB", .int(1))])])
    net.output(net.gemm("fc2", hidden, 16, 6))
    return net.model()
  }

  private func data(_ model: Model, count: Int) throws -> Dataset {
    var generator = SplitMix64(seed: 3)
    let numbers = (0..<count * 8).map { place in
      place % 8 < 4 ? generator.normal() : Float(0)
    }
    return try Dataset(
      [("x", Tensor(floats: numbers, [count, 8]))], for: model.graph, label: "data")
  }

  private func pruned(samples: Int, choosing: Bool) throws -> (state: ModelState, kept: [Int]) {
    let model = network()
    let setting = StageSetting(
      options: SessionOptions(backend: .accelerated), verification: nil,
      calibration: try data(model, count: samples))
    var state = ModelState(model)
    _ = try PruneStage(PruningOptions(target: .ratio(0.5)), choosesImportance: choosing)
      .run(&state, setting)
    let weight = try #require(state.model.constant("w1"))
    let rows = try #require(weight.floats)
    let kept = (0..<weight.dimensions[0]).filter { row in
      rows[row * 8..<row * 8 + 4].contains { $0 != 0 }
    }
    return (state, kept)
  }

  @Test("What is large but says nothing goes, once samples decide")
  func chosen() throws {
    let blind = try pruned(samples: 128, choosing: false)
    #expect(blind.kept.isEmpty && blind.state.notes.isEmpty)
    let seeing = try pruned(samples: 128, choosing: true)
    #expect(seeing.kept.count == 8, "\(seeing.state.notes)")
    #expect(
      seeing.state.notes.contains {
        $0.contains(": of l2, wanda, fisher and obs the one") && !$0.hasPrefix("importance 'l2'")
      })
  }

  @Test("Few samples choose nothing")
  func few() throws {
    let found = try pruned(samples: 16, choosing: true)
    #expect(found.kept.isEmpty && found.state.notes.isEmpty)
  }
}
