import Execution
import IR
import Kernels
import Passes
import Samples
import TestSupport
import Testing

/// Importance `obs`: what readers lose when a channel goes and the rest adapts.
@Suite struct RemovalImportanceTests {
  private func pruner(
    _ model: Model, ratio: Double = 0, importance: PruningOptions.Importance = .obs,
    threads: Int = 2
  ) throws -> Pruner {
    var options = PruningOptions(target: .ratio(ratio))
    options.importance = importance
    options.normalizer = .none
    var pruner = try Pruner(model, options)
    guard importance.needsCalibration else { return pruner }
    let data = try Dataset.load("random:64", for: model, seed: 5)
    try pruner.calibrate(
      on: SampleRun(data, for: pruner.model),
      options: SessionOptions(backend: .accelerated, threads: threads))
    return pruner
  }

  /// The channels of the first weight that stay.
  private func kept(_ pruner: Pruner, of weight: String = "made.w") throws -> [Int] {
    let plan = try pruner.prune(verification: nil).plan
    let slices = plan.groups.flatMap(\.producers)
    return try #require(slices.first { $0.weight == weight }?.kept.first)
  }

  /// A layer with the given rows, one a channel, and layers that read it with the given columns.
  private func network(_ rows: [[Float]], readers: [[[Float]]]) -> Model {
    var net = Network()
    let x = net.input("x", [64, .known(rows[0].count)])
    let weight = net.constant(
      "made.w", Tensor(floats: rows.flatMap { $0 }, [rows.count, rows[0].count]))
    let made = net.node("Gemm", "made", [x, weight], [Attribute("transB", .int(1))])
    for (place, reader) in readers.enumerated() {
      let weight = net.constant(
        "read\(place).w", Tensor(floats: reader.flatMap { $0 }, [reader.count, rows.count]))
      net.output(
        net.node("Gemm", "read\(place)", [made, weight], [Attribute("transB", .int(1))]))
    }
    return net.model()
  }

  @Test("Of two channels that say the same one goes, however large both are")
  func copies() throws {
    let model = network(
      [[3, 0, 0, 0], [0, 1, 0, 0], [3, 0, 0, 0], [0, 0, 1, 0]],
      readers: [[[2, 1, 2, 1], [3, -1, 3, 1]]])
    #expect(try Set(kept(pruner(model, ratio: 0.25, importance: .l2))).isSuperset(of: [0, 2]))
    let found = try kept(pruner(model, ratio: 0.25))
    #expect(found == [0, 1, 3] || found == [1, 2, 3], "\(found)")
    // Once one is gone the other is worth more than all else.
    let scores = try #require(try pruner(model).groups().groups.first?.scores)
    let (first, last) = (min(scores[0], scores[2]), max(scores[0], scores[2]))
    #expect(first < 0.01 && last > 0.9, "\(scores)")
    #expect(first < scores[1] && first < scores[3], "\(scores)")
  }

  @Test("A layer counts by what it loses of its own, not by how large its results are")
  func readers() throws {
    let model = network(
      [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
      readers: [[[0.001, 0, 0]], [[0, 10, 3], [0, -10, 3]]])
    #expect(try kept(pruner(model, ratio: 0.34, importance: .l2)) == [1, 2])
    #expect(try kept(pruner(model, ratio: 0.34)) == [0, 1])
    let scores = try #require(try pruner(model).groups().groups.first?.scores)
    #expect(abs(scores[2] - 9.0 / 109) < 0.03, "\(scores)")
    #expect(scores[0] > 0.9, "all of what the first layer makes: \(scores)")
  }

  @Test("What one layer reads side by side is not kept for what goes as well")
  func concat() throws {
    var net = Network()
    let x = net.input("x", [64, 4])
    func made(_ name: String, _ rows: [Float]) -> ValueID {
      let weight = net.constant("\(name).w", Tensor(floats: rows, [2, 4]))
      return net.node("Gemm", name, [x, weight], [Attribute("transB", .int(1))])
    }
    // The second channels of both are one and the same.
    let a = made("a", [1, 0, 0, 0, 0, 1, 0, 0]), b = made("b", [0, 0, 0.2, 0, 0, 1, 0, 0])
    let both = net.node("Concat", "both", [a, b], [Attribute("axis", .int(1))])
    net.output(net.gemm("read", both, 4, 6))
    let found = try pruner(net.model(), ratio: 0.5)
    #expect(try kept(found, of: "a.w") == [0])
    #expect(try kept(found, of: "b.w") == [1])
  }

  @Test(
    "With exchanges it is never worse than without, and mostly as good as any choice on small layers"
  )
  func bruteForce() throws {
    var best = 0, better = 0
    for seed in 0..<12 {
      let layer = try small(seed)
      let found = try layer.loss(Set(kept(pruner(layer.model, ratio: 0.5))))
      var greedy = Set(0..<8)
      while greedy.count > 4 {
        let next = try greedy.min {
          try layer.loss(greedy.subtracting([$0])) < layer.loss(greedy.subtracting([$1]))
        }
        greedy.remove(try #require(next))
      }
      let plain = try layer.loss(greedy)
      var least = Double.infinity
      for set in 0..<256 where set.nonzeroBitCount == 4 {
        least = min(least, try layer.loss(Set((0..<8).filter { set >> $0 & 1 == 1 })))
      }
      #expect(found <= plain * (1 + 1e-6), "\(seed): \(found), greedily \(plain)")
      if found <= least * (1 + 1e-6) { best += 1 }
      if found < plain * (1 - 1e-3) { better += 1 }
    }
    #expect(best >= 10 && better >= 5, "\(best) the best, \(better) better than greedily")
  }

  /// A layer of eight channels that are mixes of six inputs, and what is known of its reader.
  private struct Small {
    let model: Model
    let covariance: [Double]
    let weights: [Double]

    /// What the reader loses where some channels stay.
    func loss(_ stay: Set<Int>) throws -> Double {
      let order = stay.sorted() + (0..<8).filter { !stay.contains($0) }
      let errors = try #require(
        RemovalErrors(
          covariance: covariance, moments: covariance, weights: weights, order: order))
      return errors.refitted[stay.count]
    }
  }

  private func small(_ seed: Int) throws -> Small {
    var generator = SplitMix64(seed: UInt64(seed) + 100)
    func rows(_ count: Int, _ length: Int) -> [[Float]] {
      (0..<count).map { _ in (0..<length).map { _ in generator.normal() } }
    }
    let mix = rows(8, 6), reader = rows(5, 8)
    let model = network(mix, readers: [reader])
    let data = try Dataset.load("random:64", for: model, seed: 5)
    let x = try #require(try data.inputs(0..<64)["x"]?.floats)
    var sums = GramSums(length: 8, squares: true)
    for sample in 0..<64 {
      let made = mix.map { row -> Float in
        var sum: Float = 0
        for i in row.indices { sum += row[i] * x[sample * 6 + i] }
        return sum
      }
      sums.add(made[...])
    }
    var covariance = sums.products.map { $0 / 64 }, weights = covariance
    for i in 0..<8 {
      for j in 0..<8 {
        covariance[i * 8 + j] -= sums.sums[i] * sums.sums[j] / 4096
        weights[i * 8 + j] = reader.reduce(0) { $0 + Double($1[i] * $1[j]) }
      }
    }
    let trace = (0..<8).reduce(0) { $0 + covariance[$1 * 9] }
    for i in 0..<8 { covariance[i * 9] += 1e-2 * trace / 8 }
    return Small(model: model, covariance: covariance, weights: weights)
  }

  @Test("Windows, the same scores on any number of threads, and what is not known is said")
  func convolutions() throws {
    var net = Network()
    let x = net.input("x", [.known(4), .known(3), .known(6), .known(6)])
    let made = net.node("Relu", "relu", [net.conv("made", x, 3, 8, kernel: 3)])
    let read = net.node("Relu", "relu2", [net.conv("read", made, 8, 8, kernel: 3)])
    net.output(net.conv("grouped", read, 8, 8, group: 2))
    let model = net.model()
    let first = try pruner(model, threads: 1)
    let scores = try first.groups().groups.map(\.scores)
    for threads in [2, 3] {
      #expect(try pruner(model, threads: threads).groups().groups.map(\.scores) == scores)
    }
    #expect(Set(scores[0]).count == 8)
    #expect(
      first.importanceNotes == [
        "importance 'obs': L2 for channels that something other than plain linear layers reads: read.w"
      ])
    // Such a group has the mean of all scores.
    let means = scores.prefix(2).map { $0.reduce(0, +) / 8 }
    #expect(abs(means[0] - means[1]) < 1e-9)
    #expect(throws: ModelError.self) {
      var options = PruningOptions(target: .ratio(0.5))
      options.importance = .obs
      _ = try Pruner(model, options).groups()
    }
  }
}
