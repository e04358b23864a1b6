import IR
import Reports
import TestSupport
import Testing

/// What was done to layers, recognised from their weights.
@Suite("Differences by layer") struct LayerDiffTests {
  /// Two convolutions with a ReLU between: 4 → `channels` → 3.
  private func chain(_ first: Tensor, _ bias: Tensor, _ second: Tensor) -> Model {
    var net = Network()
    let x = net.input("x", [1, 4, 6, 6])
    let a = net.node(
      "Conv", "first", [x, net.constant("w1", first), net.constant("b1", bias)],
      [Attribute("pads", .ints([1, 1, 1, 1]))])
    let b = net.node("Relu", "relu", [a])
    let y = net.node("Conv", "second", [b, net.constant("w2", second)])
    net.output(y, [1, 3, 6, 6])
    return net.model()
  }

  private func numbers(_ count: Int, _ seed: Int) -> [Float] {
    var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Float(Int(state % 20001) - 10000) / 10000
    }
  }

  /// The chain with only some of its 8 channels, in this order.
  private func cut(
    _ kept: [Int], readers: [Int]? = nil, noise: Float = 0
  ) -> Model {
    let w1 = numbers(8 * 36, 1), b1 = numbers(8, 2), w2 = numbers(3 * 8, 3)
    let gap = numbers(8 * 36, 4)
    let first = kept.flatMap { channel in
      (0..<36).map { w1[channel * 36 + $0] + noise * gap[channel * 36 + $0] }
    }
    let second = (0..<3).flatMap { row in (readers ?? kept).map { w2[row * 8 + $0] } }
    return chain(
      Tensor(floats: first, [kept.count, 4, 3, 3]),
      Tensor(floats: kept.map { b1[$0] }, [kept.count]),
      Tensor(floats: second, [3, kept.count, 1, 1]))
  }

  private func compare(_ a: Model, _ b: Model) -> DiffReport {
    diff(a, b, views: (ModelView(a), ModelView(b)), options: DiffOptions())
  }

  private let all = Array(0..<8)

  @Test("channels that are gone are named, and what reads them follows")
  func sliced() throws {
    let report = compare(cut(all), cut([0, 2, 3, 6]))
    #expect(report.failing.map(\.kind) == [.channels, .channels, .channels])
    guard case .weight(let change) = try #require(report.failing.first).change else {
      Issue.record("no change of a weight")
      return
    }
    #expect(change.maps[0]?.places == [0, 2, 3, 6])
    #expect(change.maps[0]?.removed == [1, 4, 5, 7])
    #expect(change.difference?.changed == 0)
    #expect(
      report.headline
        == "differs: 2 layers: 1 narrower, 1 cut at their inputs; interface unchanged")
    #expect(report.text().contains("channels 8 → 4 (4 removed: 1, 4, 5, 7)"))
    #expect(report.text().contains("Conv 'second': inputs 8 → 4"))
  }

  @Test("channels are recognised under noise, and the noise is measured")
  func noisy() throws {
    let report = compare(cut(all), cut([1, 2, 5], noise: 0.02))
    let summary = try #require(report.layerSummaries.first { $0.name == "Conv 'first'" })
    #expect(summary.text.contains("channels 8 → 3 (5 removed: 0, 3, 4, 6, …)"))
    #expect((30...40).contains(summary.sqnr))
  }

  @Test("an order that all readers undo is no difference, one that some reader does not is")
  func permuted() {
    let order = [3, 0, 7, 1, 2, 6, 5, 4]
    let same = compare(cut(all), cut(order))
    #expect(!same.differs)
    #expect(same.hunks(of: .moved).count == 3)
    #expect(compare(cut(all), cut(order, readers: all)).differs)
    #expect(compare(cut(all), cut(all, readers: order)).differs)
  }

  @Test("an order that reaches an output of the graph is a difference")
  func permutedOutput() {
    func model(_ order: [Int]) -> Model {
      var net = Network()
      let x = net.input("x", [1, 2, 4, 4])
      let w = numbers(4 * 18, 9)
      let y = net.node(
        "Conv", "c",
        [
          x,
          net.constant(
            "w",
            Tensor(
              floats: order.flatMap { row in (0..<18).map { w[row * 18 + $0] } }, [4, 2, 3, 3])),
        ])
      net.output(y, [1, 4, 2, 2])
      return net.model()
    }
    #expect(compare(model([0, 1, 2, 3]), model([1, 0, 2, 3])).differs)
  }

  @Test("a retrained weight is no other choice of channels")
  func retrained() {
    let report = compare(cut(all), cut(all, noise: 0.1))
    #expect(report.failing.map(\.kind) == [.weight])
  }

  @Test("tolerances and patterns allow, and say so")
  func allowed() {
    var options = DiffOptions()
    let a = cut(all), b = cut(all, noise: 0.0001)
    #expect(diff(a, b, options: options).differs)
    options.weightTolerance = .sqnr(60)
    #expect(!diff(a, b, options: options).differs)
    options.weightTolerance = .absolute(1e-6)
    #expect(diff(a, b, options: options).differs)
    options.weightTolerance = .relative(1e-3)
    #expect(!diff(a, b, options: options).differs)
    options.weightTolerance = nil
    options.allowances = [.init("first", kinds: [.weight], reason: "retrained on purpose")]
    let report = diff(a, b, options: options)
    #expect(!report.differs)
    #expect(report.headline.hasSuffix("(1 allowed)"))
    #expect(report.text().contains("allowed: retrained on purpose"))
    options.allowances = [.init("second", reason: "")]
    #expect(diff(a, b, options: options).differs)
  }

  @Test("with a filter, the headline says what it looked for")
  func filtered() {
    let report = diff(cut(all), cut(all, noise: 0.1), options: DiffOptions(failOn: [.io]))
    #expect(!report.differs)
    #expect(report.headline == "no differences among: io (1 difference of other kinds)")
  }

  @Test("channels that moved keep their maps through blocks and joins")
  func maps() {
    let map = ChannelMap([2, 0], of: 3)
    #expect(map.spread(2).places == [4, 5, 0, 1])
    #expect(map.spread(2).gathered(2) == map)
    #expect(ChannelMap.joined([.identity(2), map]).places == [0, 1, 4, 2])
    #expect(map.removed == [1])
    #expect(ChannelMap([1, 0], of: 2).isReordering)
  }
}
