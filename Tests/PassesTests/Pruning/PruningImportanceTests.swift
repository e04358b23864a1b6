import IR
import Passes
import Samples
import TestSupport
import Testing

/// Scores of channels by each measure, worked out by hand.
@Suite struct PruningImportanceTests {
  /// conv1 makes three channels, a normalisation scales them, conv2 reads them.
  private func network(normalized: Bool = true) -> Model {
    var net = Network()
    let x = net.input("x", [1, 2, 1, 1])
    let w = net.constant("conv1.w", Tensor(floats: [1, -2, 3, 0, 2, 2], [3, 2, 1, 1]))
    var a = net.node("Conv", "conv1", [x, w])
    if normalized {
      let ones = net.constant("ones", Tensor(floats: [1, 1, 1], [3]))
      let zeros = net.constant("zeros", Tensor(floats: [0, 0, 0], [3]))
      let scale = net.constant("scale", Tensor(floats: [-4, 1, 1], [3]))
      a = net.node("BatchNormalization", "bn", [a, scale, zeros, zeros, ones])
    }
    let v = net.constant("conv2.w", Tensor(floats: [1, 2, -6], [1, 3, 1, 1]))
    net.output(net.node("Conv", "conv2", [a, v]))
    return net.model()
  }

  private func scores(
    _ importance: PruningOptions.Importance, normalized: Bool = true,
    _ configure: (inout PruningOptions) -> Void = { _ in }
  ) throws -> [Double] {
    var options = PruningOptions(target: .ratio(0))
    options.importance = importance
    options.normalizer = .none
    configure(&options)
    let groups = try Pruner(network(normalized: normalized), options).groups().groups
    return try #require(groups.first).scores
  }

  @Test("L1, L2 and Linf over the weights that make, read and scale a channel")
  func norms() throws {
    // conv1.w, conv2.w and scale for the three channels.
    let l1 = try scores(.l1) { $0.reduction = .sum }
    #expect(l1 == [8, 6, 11], "3 + 1 + 4, 3 + 2 + 1, 4 + 6 + 1")
    let l2 = try scores(.l2) { $0.reduction = .sum }
    #expect(l2 == [22, 14, 45], "5 + 1 + 16, 9 + 4 + 1, 8 + 36 + 1")
    let linf = try scores(.linf) { $0.reduction = .sum }
    #expect(linf == [7, 6, 9], "2 + 1 + 4, 3 + 2 + 1, 2 + 6 + 1")
  }

  @Test("Reductions and normalisers")
  func reductions() throws {
    #expect(try scores(.l1) { $0.reduction = .max } == [4, 3, 6])
    #expect(try scores(.l1) { $0.reduction = .first } == [3, 3, 4])
    #expect(try scores(.l1) { $0.reduction = .mean } == [8.0 / 3, 2, 11.0 / 3])
    func normalized(_ normalizer: PruningOptions.Normalizer) throws -> [Double] {
      try scores(.l1) {
        $0.reduction = .first
        $0.normalizer = normalizer
      }
    }
    #expect(try normalized(.max) == [0.75, 0.75, 1])
    #expect(try normalized(.sum) == [0.3, 0.3, 0.4])
    let mean = 10.0 / 3
    #expect(try normalized(.mean) == [3 / mean, 3 / mean, 4 / mean])
  }

  @Test("Scales of normalisations; L2 where there is none")
  func batchNormalization() throws {
    #expect(try scores(.bnScale) == [4, 1, 1])
    #expect(try scores(.bnScale, normalized: false) { $0.reduction = .first } == [5, 9, 8])
  }

  @Test("FPGM: the sum of the distances to the other channels")
  func geometricMedian() throws {
    // (1, -2), (3, 0) and (2, 2).
    let ab = Double(8).squareRoot(), ac = Double(17).squareRoot(), bc = Double(5).squareRoot()
    let found = try scores(.fpgm)
    for (value, expected) in zip(found, [ab + ac, ab + bc, ac + bc]) {
      #expect(abs(value - expected) < 1e-6)
    }
  }

  @Test("Random scores follow from the seed alone")
  func random() throws {
    let first = try scores(.random) { $0.seed = 1 }
    #expect(try first == scores(.random) { $0.seed = 1 })
    #expect(try first != scores(.random) { $0.seed = 2 })
    #expect(Set(first).count == 3)
  }

  @Test("Scores from a file, by weight; none that fit are an error")
  func imported() throws {
    let read = try ChannelScores(
      json: Array(#"{"schema": 1, "scores": {"conv1.w": [3, 1, 2]}}"#.utf8))
    #expect(try scores(.scores) { $0.scores = read.scores } == [3, 1, 2])
    let error = #expect(throws: ModelError.self) {
      try scores(.scores) { $0.scores = ["conv1.w": [1]] }
    }
    #expect(error?.code == .request)
    #expect(throws: ModelError.self) { try ChannelScores(json: Array("{}".utf8)) }
  }

  @Test("What channels carry on calibration data")
  func activations() throws {
    // conv1 gives (1, 3, 2), then (-1, -3, -2) for the second sample, and (0, 0, 0) for the third.
    let samples = [[1, 0], [-1, 0], [0, 0]] as [[Float]]
    func measured(_ measure: ActivationMeasure) throws -> [Double] {
      var options = PruningOptions(target: .ratio(0))
      options.importance = .activation(measure)
      options.normalizer = .none
      var pruner = try Pruner(network(normalized: false), options)
      let inputs = samples.map { ["x": Tensor(floats: $0, [1, 2, 1, 1])] }
      try pruner.calibrate(on: SampleRun(samples: inputs))
      return try #require(try pruner.groups().groups.first).scores
    }
    func close(_ found: [Double], _ expected: [Double]) -> Bool {
      zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 }
    }
    #expect(try close(measured(.mean), [2.0 / 3, 2, 4.0 / 3]))
    #expect(try close(measured(.variance), [2.0 / 3, 6, 8.0 / 3]))
    #expect(try close(measured(.apoz), [2.0 / 3, 2.0 / 3, 2.0 / 3]))
    // Norms √2, √18 and √8 with the magnitudes 1, 2 and 6 of conv2.
    let norms = [2, 18, 8].map { Double($0).squareRoot() }
    #expect(try close(measured(.wanda), [norms[0], 2 * norms[1], 6 * norms[2]]))
    #expect(throws: ModelError.self) { try scores(.activation(.mean)) }
  }

  @Test("Isomorphic scope: channels compete with those of layers that are built alike")
  func isomorphic() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    for (name, kernel, strengths) in [
      ("weak", 1, [1, 1, 1, 40]), ("strong", 1, [30, 30, 30, 40]), ("wide", 3, [1, 1, 40, 40]),
    ] as [(String, Int, [Float])] {
      net.output(
        net.conv("end_\(name)", net.conv(name, x, 3, 4, kernel: kernel, strengths: strengths), 4, 2)
      )
    }
    let result = try prune(net.model(), ratio: 0.375) {
      $0.competition = .isomorphic
      $0.normalizer = .none
    }
    // Three of the eight channels of the 1 × 1 layers, two of the four of the 3 × 3 one.
    #expect(result.plan.kept("weak.w") == [3])
    #expect(result.plan.kept("strong.w") == nil)
    #expect(result.plan.kept("wide.w") == [2, 3])
  }

  @Test("Fractions for single groups; the longest pattern counts")
  func groupRatios() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    for name in ["a1", "a2", "b"] {
      net.output(net.conv("end_\(name)", net.conv(name, x, 3, 8), 8, 2))
    }
    let result = try prune(net.model(), ratio: 0.5) {
      $0.groupRatios = [.init(pattern: "a*", ratio: 0.25), .init(pattern: "a2*", ratio: 0)]
    }
    #expect(result.plan.kept("a1.w")?.count == 6)
    #expect(result.plan.kept("a2.w") == nil)
    #expect(result.plan.kept("b.w")?.count == 4)
  }

  @Test("No group falls below the smallest number of channels")
  func minimum() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("small", x, 3, 4)
    net.output(net.conv("end", net.conv("large", a, 4, 16), 16, 2))
    let result = try prune(net.model(), ratio: 0.75) { $0.minChannels = 6 }
    #expect(result.plan.kept("small.w") == nil)
    #expect(result.plan.kept("large.w")?.count == 6)
  }

  @Test("A budget that cannot be met says what was reached")
  func unreachable() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    net.output(net.conv("end", net.conv("inner", x, 3, 4), 4, 2))
    let result = try prune(net.model()) { $0.target = .macs(0.1) }
    let budget = try #require(result.budget)
    #expect(budget.wanted == 0.1 && budget.reached == 0.25)
    #expect(result.model.constant("inner.w")?.dimensions[0] == 1)
  }
}
