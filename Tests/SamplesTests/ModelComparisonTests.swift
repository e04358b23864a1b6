import Execution
import IR
import Samples
import TestSupport
import Testing

@Suite("Comparison of models")
struct ModelComparisonTests {
  @Test("pieces add up to the whole")
  func pieces() throws {
    var generator = SplitMix64(seed: 5)
    let a = try #require(SeededInputs.make(.float, [6, 3, 4], &generator))
    let b = try #require(SeededInputs.make(.float, [6, 3, 4], &generator))
    var sums = ComparisonSums()
    func rows(_ tensor: Tensor, _ range: Range<Int>) throws -> Tensor {
      let values = try #require(tensor.floats)
      return Tensor(
        floats: Array(values[range.lowerBound * 12..<range.upperBound * 12]), [range.count, 3, 4])
    }
    for range in [0..<1, 1..<4, 4..<6] {
      try sums.add(reference: rows(a, range), candidate: rows(b, range))
    }
    #expect(sums.comparison == (try Comparison(reference: a, candidate: b)))
  }

  @Test("the worst channel is named, however small it is beside the others")
  func worstChannel() throws {
    // Boxes in hundreds and scores below 1, as a detector's output joins them.
    let a = Tensor(floats: [300, 200, 0.9, 0.2, 100, 400, 0.1, 0.8], [2, 2, 2])
    let b = Tensor(floats: [301, 200, 0, 0, 100, 401, 0, 0], [2, 2, 2])
    let comparison = try Comparison(reference: a, candidate: b)
    #expect(comparison.sqnr > 40)
    let worst = try #require(comparison.worstChannel)
    #expect(worst.axis == 1 && worst.index == 1 && worst.sqnr == 0)
  }

  @Test("texts are compared as texts")
  func texts() throws {
    let a = Tensor(strings: ["one", "two"].map { Array($0.utf8) }, [2])
    let b = Tensor(strings: ["one", "too"].map { Array($0.utf8) }, [2])
    #expect(try Comparison(reference: a, candidate: a).isExact)
    #expect(try Comparison(reference: a, candidate: b).maxRelative == .infinity)
  }

  /// Gives the places of the elements above a threshold: how many there are depends on the data.
  private func selecting(_ threshold: Float) -> Model {
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 4])
    let limit = net.constant("limit", Tensor(floats: [threshold], []))
    let over = net.node("Greater", "over", [x, limit])
    net.output(net.node("NonZero", "places", [over]))
    net.output(
      net.node(
        "Compress", "kept",
        [x, net.node("Reshape", "flat", [over, net.constant("all", Tensor(int64: [-1], [1]))])]))
    return net.model()
  }

  /// The input times a number, and the shares that its exponentials have.
  private func scaling(_ factor: Float) -> Model {
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 4])
    let scaled = net.node("Mul", "scaled", [x, net.constant("k", Tensor(floats: [factor], []))])
    net.output(scaled)
    net.output(net.node("Softmax", "shares", [scaled]))
    return net.model()
  }

  @Test("outputs that are kept say of other models what a comparison says")
  func keptOutputs() throws {
    let samples = try (1...5).map {
      try SeededInputs.make(for: scaling(1).graph, shapes: [[1, 4]], seed: $0)
    }
    let run = SampleRun(samples: samples)
    let kept = try KeptOutputs(scaling(1), on: run, options: SessionOptions())
    #expect(kept.batches == 0..<5)
    #expect(try kept.noise(of: scaling(1)) == 0)
    #expect(try kept.lowestSQNR(of: scaling(1)) == .infinity)
    #expect(abs(try kept.noise(of: scaling(1.5)) - 0.25) < 1e-6)
    let rest = try KeptOutputs(scaling(1), on: run, from: 3, options: SessionOptions())
    #expect(rest.batches == 3..<5)
    #expect(try kept.lowestSQNR(of: scaling(2)) <= (try rest.lowestSQNR(of: scaling(2))))
    #expect(try kept.noise(of: selecting(0)) == .infinity)
    // An output may stand twice among a graph's.
    func twice(_ model: Model) -> Model {
      var model = model
      model.graph.setOutputs([model.graph.outputs[0], model.graph.outputs[0]])
      return model
    }
    let both = try KeptOutputs(twice(scaling(1)), on: run, options: SessionOptions())
    #expect(abs(try both.noise(of: twice(scaling(1.5))) - 0.25) < 1e-6)
  }

  @Test("results of other lengths are compared as far as they go, and that is said")
  func otherLengths() throws {
    let a = selecting(0.5), b = selecting(1.5)
    let x = Tensor(floats: [0, 1, 2, 3, 0, 1, 0, 2], [2, 4])
    let data = try Dataset([("x", x)], for: a.graph, label: "data")
    let result = try ModelComparison(a, b, on: data, batch: 1)
    let kept = try #require(result.outputs.last)
    // [1, 2, 3] and [2, 3]; then [1, 2] and [2].
    #expect(kept.comparison.count == 3)
    #expect(kept.mismatch?.contains("2 of 2 runs") == true)
    #expect(result.maxRelative == .infinity)
    #expect(try ModelComparison(a, a, on: data, batch: 1).notes.isEmpty)
  }
}
