import Gradients
import IR
import Samples
import TestSupport
import Testing

/// Samples that are changed before a step.
@Suite struct AlterationTests {
  private let shape = [1, 28, 28]

  private func data(
    _ shape: [Int], count: Int = 64, type: ElementType = .float
  ) throws -> Dataset {
    var network = Network()
    let lengths = [Dimension(symbol: "N")] + shape.map { .known($0) }
    network.output(network.node("Identity", "same", [network.input("x", lengths)]))
    let size = count * shape.reduce(1, *)
    let tensor =
      type == .float
      ? Tensor(floats: (0..<size).map { Float($0 % 1009) }, [count] + shape)
      : Tensor(int64: (0..<size).map { $0 % 9 }, [count] + shape)
    var graph = network.model().graph
    graph.setInputType(0, .tensor(TensorType(type, Shape(lengths))))
    return try Dataset([("x", tensor)], for: graph, label: "data")
  }

  private func altered(_ kinds: Set<Alteration>, step: Int = 0) throws -> ([[Float]], [[Float]]) {
    let data = try data(shape)
    let alterer = try #require(try SampleAlterer(kinds, of: data, seed: 1))
    let inputs = try data.picked(Array(0..<64)).inputs
    func rows(_ inputs: [String: Tensor]) throws -> [[Float]] {
      let all = try #require(inputs["x"]?.floats)
      return (0..<64).map { Array(all[$0 * 784..<($0 + 1) * 784]) }
    }
    return (try rows(inputs), try rows(alterer.run(inputs, step: step)))
  }

  @Test("Mirrored pictures are as they were or the other way round")
  func mirror() throws {
    let (before, after) = try altered([.mirror])
    var count = 0
    for (a, b) in zip(before, after) where a != b {
      count += 1
      for row in 0..<28 {
        #expect(
          Array(a[row * 28..<(row + 1) * 28].reversed()) == Array(b[row * 28..<(row + 1) * 28]))
      }
    }
    #expect(count > 16 && count < 48)
  }

  @Test("Shifted pictures lie up to two pixels beside, with the border repeated")
  func shift() throws {
    let (before, after) = try altered([.shift])
    var seen: Set<[Int]> = []
    for (a, b) in zip(before, after) {
      let moves = (-2...2).flatMap { down in (-2...2).map { [down, $0] } }
      let fitting = moves.filter { move in
        (0..<784).allSatisfy { place in
          let row = min(max(place / 28 - move[0], 0), 27)
          return b[place] == a[row * 28 + min(max(place % 28 - move[1], 0), 27)]
        }
      }
      seen.insert(try #require(fitting.first))
    }
    #expect(seen.count > 10)
  }

  @Test("Mixed samples lie between two; another step changes others; the same step the same")
  func mix() throws {
    let (before, after) = try altered([.mix])
    let changed = zip(before, after).filter { $0 != $1 }.count
    #expect(changed > 16 && changed < 48)
    #expect(after.allSatisfy { $0.allSatisfy { $0 >= 0 && $0 <= 1008 } })
    #expect(try altered([.mix], step: 1).1 != after)
    #expect(try altered([.mix]).1 == after)
  }

  @Test("Labels are mixed as their samples are, and go through no picture's changes")
  func labels() throws {
    let data = try data(shape)
    let alterer = try #require(try SampleAlterer(Set(Alteration.allCases), of: data, seed: 1))
    let pictures = (0..<64).flatMap { [Float](repeating: Float($0), count: 784) }
    let classes = (0..<64 * 64).map { Float($0 / 64 == $0 % 64 ? 1 : 0) }
    let found = alterer.run(
      [
        "x": Tensor(floats: pictures, [64] + shape), "labels": Tensor(floats: classes, [64, 64]),
      ], step: 0)
    let x = try #require(found["x"]?.floats), labels = try #require(found["labels"]?.floats)
    var mixed = 0
    for sample in 0..<64 {
      let row = labels[sample * 64..<(sample + 1) * 64]
      #expect(abs(row.reduce(0, +) - 1) < 1e-6)
      let mean = row.enumerated().reduce(0) { $0 + Float($1.offset) * $1.element }
      #expect(abs(mean - x[sample * 784]) < 1e-3)
      if row.max() != 1 { mixed += 1 }
    }
    #expect(mixed > 16 && mixed < 48)
  }

  @Test("Rows of numbers are mixed and not moved; tokens stay")
  func forms() throws {
    #expect(try SampleAlterer([.mirror, .shift], of: data([8]), seed: 0) == nil)
    #expect(try SampleAlterer([.mix], of: data([8]), seed: 0) != nil)
    #expect(
      try SampleAlterer(Set(Alteration.allCases), of: data([8], type: .int64), seed: 0) == nil)
    #expect(try SampleAlterer([.mirror], of: data([12, 8, 8]), seed: 0) == nil)
    #expect(try SampleAlterer([.mirror], of: data([8, 8, 3]), seed: 0) != nil)
  }
}
