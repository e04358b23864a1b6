import Execution
import IR
import Kernels
import Passes
import Samples
import TestSupport
import Testing

/// What a layer loses when inputs go, with weights that make up for it.
@Suite struct RemovalErrorsTests {
  private static let n = 4

  /// Rows in which every input is a mix of the others, with means.
  private static let rows: [[Double]] = {
    var generator = SplitMix64(seed: 7)
    return (0..<200).map { _ in
      let a = Double(generator.normal()), b = Double(generator.normal())
      let c = Double(generator.normal()), d = Double(generator.normal())
      return [a + 1, b - 2, 0.5 * a + b + 0.2 * c, d + 0.3 * b]
    }
  }()

  private static func moments(about means: [Double]) -> [Double] {
    var sums = [Double](repeating: 0, count: n * n)
    for row in rows {
      for i in 0..<n {
        for j in 0..<n { sums[i * n + j] += (row[i] - means[i]) * (row[j] - means[j]) }
      }
    }
    return sums.map { $0 / Double(rows.count) }
  }

  @Test("The loss is that of the least squares of what stays, for every number of inputs")
  func leastSquares() throws {
    let n = Self.n
    let means = (0..<n).map { i in Self.rows.reduce(0) { $0 + $1[i] } / Double(Self.rows.count) }
    let weight = [[1.0, -2, 0.5, 3], [0.3, 0.7, -1, 0.1]]
    let squares = (0..<n).flatMap { i in
      (0..<n).map { j in weight.reduce(0) { $0 + $1[i] * $1[j] } }
    }
    let order = [2, 0, 3, 1]
    let found = try #require(
      RemovalErrors(
        covariance: Self.moments(about: means), moments: Self.moments(about: [0, 0, 0, 0]),
        weights: squares, order: order))
    for kept in 0...n {
      let stay = order.prefix(kept), go = order.dropFirst(kept)
      var lost = 0.0, zeroed = 0.0
      for row in weight {
        var equations = NormalEquations(inputs: max(kept, 1), outputs: 1)
        for sample in Self.rows {
          let x = kept == 0 ? [0] : stay.map { Float(sample[$0]) }
          let y = go.reduce(0) { $0 + row[$1] * sample[$1] }
          equations.add(x[...], [Float(y)][...])
          zeroed += y * y / Double(Self.rows.count)
        }
        let solved = try #require(
          equations.solve(from: [Double](repeating: 0, count: max(kept, 1)), ridge: 1e-9))
        for sample in Self.rows {
          let y = go.reduce(0) { $0 + row[$1] * sample[$1] }
          let z = stay.enumerated().reduce(solved.biases[0]) {
            $0 + solved.weights[$1.offset] * sample[$1.element]
          }
          lost += (y - z) * (y - z) / Double(Self.rows.count)
        }
      }
      #expect(abs(found.refitted[kept] - lost) < 1e-3 * max(1, lost), "\(kept) stay")
      #expect(abs(found.masked[kept] - zeroed) < 1e-3 * max(1, zeroed), "\(kept) stay")
    }
  }

  @Test("A channel that another one says as well costs nothing; ranks are counted as layers are")
  func curves() throws {
    var net = Network()
    let x = net.input("x", [.known(4), .known(3), .known(6), .known(6)])
    let made = net.conv("made", x, 3, 8, kernel: 3)
    let read = net.conv("read", net.node("Relu", "relu", [made]), 8, 5)
    net.output(read)
    let model = Model(graph: net.graph, opset: 17)
    let pruner = try Pruner(model, PruningOptions(target: .ratio(0)))
    let data = try Dataset.load("random:64", for: model, seed: 3)
    let found = try pruner.refitErrors(
      on: SampleRun(data, for: pruner.model), options: SessionOptions(backend: .accelerated))
    let curve = try #require(found.curves["made.w"])
    #expect(curve.refitted.count == 9 && curve.refitted[0] == 0)
    #expect(curve.readers == ["Conv 'read'"])
    for gone in 1...8 {
      #expect(curve.refitted[gone] > curve.refitted[gone - 1])
      // What is zero has a mean that nobody makes up for.
      #expect(curve.refitted[gone] < curve.masked[gone])
    }
    #expect(abs(curve.refitted[8] - 1) < 0.05, "all of the variance goes with all channels")

    let costs = try pruner.widthCosts()
    let key = RankOption.key("Conv 'read'")
    #expect(RankOption.layer(key) == "Conv 'read'" && RankOption.layer("made.w") == nil)
    let half = costs.cost([key: 0.5, "made.w": 0.5])
    #expect(half.macs == 4 * 36 * (4 * 27 + 4 * 5 / 2))
    #expect(costs.macs([key: 0.5])["Conv 'read'"] == 4 * 36 * 20)
    #expect(RankOption.ranks([key: 0.5, "made.w": 0.5]) == ["Conv 'read'": 0.5])
    #expect(RankOption.widths([key: 0.5, "made.w": 0.5]) == ["made.w": 0.5])
  }
}
