import IR
import Passes
import TestSupport
import Testing

/// Which channels go, and how many.
@Suite struct SelectionTests {
  /// Two convolutions behind each other, the first with a channel for each strength.
  private func network(_ strengths: [Float]) -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, strengths.count, strengths: strengths)
    net.output(net.conv("conv2", a, strengths.count, 2))
    return net.model()
  }

  private func ascending(_ count: Int) -> [Float] { (0..<count).map { 2 * Float($0) + 2 } }

  @Test(
    "A ratio keeps round(n·(1 − r)) channels, halves to even",
    arguments: [(5, 0.5, 2), (7, 0.5, 4), (6, 0.25, 4), (10, 0.25, 8), (4, 0.9, 1), (3, 0, 3)]
      as [(Int, Double, Int)])
  func localRatio(count: Int, ratio: Double, kept: Int) throws {
    let result = try prune(network(ascending(count)), ratio: ratio)
    let expected = Array(count - kept..<count)
    #expect(result.plan.kept("conv1.w") == (kept == count ? nil : expected))
    #expect(result.plan.groups.map(\.kept) == [kept])
  }

  @Test(
    "Widths are rounded to the nearest multiple, never to nothing",
    arguments: [(64, 0.3, 48), (64, 0.35, 40), (12, 0.5, 8), (12, 0.9, 8), (6, 0.5, 6)]
      as [(Int, Double, Int)])
  func rounding(count: Int, ratio: Double, kept: Int) throws {
    let result = try prune(network(ascending(count)), ratio: ratio) { $0.roundTo = 8 }
    #expect(result.plan.groups.map(\.kept) == [kept])
  }

  @Test("Rounding counts the channels of all groups of a grouped convolution together")
  func roundingOfBlocks() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 48)
    net.output(net.conv("conv2", net.conv("group", a, 48, 3, group: 3), 3, 2))
    let result = try prune(net.model(), ratio: 0.3) { $0.roundTo = 8 }
    // 33.6 channels: the multiples of 8 that three groups can share evenly are 24 and 48.
    #expect(result.model.constant("conv1.w")?.dimensions[0] == 24)
  }

  @Test(
    "No group loses more than the largest ratio, whatever is rounded",
    arguments: [(8, 0.9, 0.5, 1, 4), (5, 0.5, 0.5, 1, 3), (20, 0.9, 0.5, 8, 16)]
      as [(Int, Double, Double, Int, Int)])
  func maxRatio(count: Int, ratio: Double, limit: Double, step: Int, kept: Int) throws {
    let result = try prune(network(ascending(count)), ratio: ratio) {
      $0.maxRatio = limit
      $0.roundTo = step
    }
    #expect(result.plan.groups.map(\.kept) == [kept])
  }

  @Test("Equal channels: those further back go")
  func ties() throws {
    var model = network([1, 1, 1, 1])
    let one = Tensor(floats: [Float](repeating: 1, count: 12), [4, 3, 1, 1])
    model.graph.setInitializer(try #require(model.graph.value(named: "conv1.w")), one)
    let two = Tensor(floats: [Float](repeating: 1, count: 8), [2, 4, 1, 1])
    model.graph.setInitializer(try #require(model.graph.value(named: "conv2.w")), two)
    #expect(try prune(model).plan.kept("conv1.w") == [0, 1])
  }

  @Test("Scores are squared norms, the mean over weights, 1 on average")
  func scores() throws {
    var model = network([1, 1])
    func set(_ name: String, _ values: [Float], _ shape: [Int]) throws {
      model.graph.setInitializer(
        try #require(model.graph.value(named: name)), Tensor(floats: values, shape))
    }
    try set("conv1.w", [1, 2, 2, 0, 3, 4], [2, 3, 1, 1])  // 9 and 25
    try set("conv2.w", [1, 3, 2, 4], [2, 2, 1, 1])  // 5 and 25
    let groups = try Pruner(model, PruningOptions(target: .ratio(0))).groups().groups
    #expect(groups.map(\.scores) == [[7.0 / 16, 25.0 / 16]])
  }

  @Test("Weights, nodes, values and operators are kept by name or pattern, with the reason")
  func keepPatterns() throws {
    for pattern in ["conv1.w", "conv1", "conv?", "conv1_out", "Conv", "*1*"] {
      let result = try prune(network(ascending(4))) { $0.keep = [pattern] }
      #expect(result.plan.weights.isEmpty, "\(pattern)")
      #expect(
        result.plan.reasons("conv1.w") == ["kept as asked by '\(pattern)'"], "\(pattern)")
    }
    let other = try prune(network(ascending(4))) { $0.keep = ["conv2", "conv"] }
    #expect(other.plan.kept("conv1.w") == [2, 3])
  }

  @Test("In global scope flat layers lose their weak channels and steep ones theirs")
  func global() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    net.output(
      net.conv("end1", net.conv("flat", x, 3, 4, strengths: [20, 20, 20, 20]), 4, 2))
    net.output(
      net.conv("end2", net.conv("steep", x, 3, 4, strengths: [60, 2, 2, 2]), 4, 2))
    let result = try prune(net.model(), ratio: 0.375) { $0.competition = .global }
    #expect(result.plan.kept("flat.w") == nil)
    #expect(result.plan.kept("steep.w") == [0])
  }

  /// A network of five convolutions and two products.
  private var middling: Model {
    var net = Network()
    var a = net.input("x", [1, 3, 16, 16])
    var width = 3
    for (number, next) in [32, 32, 64, 64, 96].enumerated() {
      a = net.conv("conv\(number)", a, width, next, kernel: 3)
      a = net.node("Relu", "relu\(number)", [a])
      width = next
    }
    a = net.node("Flatten", "flat", [net.node("GlobalAveragePool", "pool", [a])])
    net.output(net.gemm("fc2", net.gemm("fc1", a, 96, 128), 128, 10))
    return net.model()
  }

  @Test(
    "Budgets for arithmetic, parameters and bytes are met within one percent",
    arguments: [0.3, 0.5, 0.75], PruningOptions.Competition.allCases)
  func budgets(kept: Double, competition: PruningOptions.Competition) throws {
    for target in [
      PruningOptions.Target.macs(kept), .parameters(kept), .bytes(kept),
    ] {
      var options = PruningOptions(target: target)
      options.competition = competition
      let result = try Pruner(middling, options).prune()
      let (before, after) = (result.before, result.after)
      let fraction =
        switch target {
        case .macs: Double(after.macs) / Double(before.macs)
        case .parameters: Double(after.parameters) / Double(before.parameters)
        default: Double(after.bytes) / Double(before.bytes)
        }
      #expect(abs(fraction - kept) < 0.01 * kept, "\(target): \(fraction)")
      let again = try Pruner(result.model, PruningOptions(target: .ratio(0))).prune()
      #expect(again.before == after, "the predicted cost is the cost of the result")
    }
  }

  @Test("Numbers out of range are refused by name")
  func ranges() throws {
    let model = network(ascending(4))
    for (name, change) in [
      ("ratio", { $0.target = .ratio(1.5) }), ("macs", { $0.target = .macs(-0.1) }),
      ("params", { $0.target = .parameters(.nan) }), ("max-ratio", { $0.maxRatio = 2 }),
      ("round-to", { $0.roundTo = 0 }),
    ] as [(String, (inout PruningOptions) -> Void)] {
      var options = PruningOptions(target: .ratio(0.5))
      change(&options)
      let error = #expect(throws: ModelError.self) { try Pruner(model, options) }
      #expect(error?.code == .request && error?.message.hasPrefix("\(name): ") == true)
    }
  }
}
