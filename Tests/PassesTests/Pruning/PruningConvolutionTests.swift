import IR
import Passes
import TestSupport
import Testing

/// Channels through convolutions of every kind; kept indices worked out by hand.
@Suite struct PruningConvolutionTests {
  @Test("One output channel does not make a convolution depthwise")
  func singleChannel() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4, strengths: [10, 1, 1, 10])
    let map = net.node("Sigmoid", "gate", [net.conv("conv2", a, 4, 1)])
    let b = net.conv("conv3", map, 1, 4, strengths: [1, 1, 10, 10])
    net.output(net.conv("conv4", net.node("Mul", "mul", [b, map]), 4, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [0, 3])
    #expect(result.plan.kept("conv2.w", axis: 1) == [0, 3])
    #expect(result.model.constant("conv2.w")?.dimensions == [1, 2, 1, 1])
    #expect(result.plan.kept("conv3.w") == [2, 3])
    #expect(result.model.constant("conv3.w")?.dimensions == [2, 1, 1, 1])
    #expect(result.plan.kept("conv4.w", axis: 1) == [2, 3])
  }

  @Test("Depthwise with multiplier 2: channel c takes 2c and 2c + 1 with it")
  func multiplier() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4, strengths: [1, 20, 1, 20])
    let b = net.conv("depth", a, 4, 8, kernel: 3, group: 4)
    net.output(net.conv("conv3", b, 8, 3))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [1, 3])
    #expect(result.plan.kept("depth.w") == [2, 3, 6, 7])
    #expect(result.plan.kept("depth.b") == [2, 3, 6, 7])
    #expect(result.plan.kept("conv3.w", axis: 1) == [2, 3, 6, 7])
    #expect(result.model.constant("depth.w")?.dimensions == [4, 1, 3, 3])
    guard case .int(2)? = try result.model.node("depth").attribute("group") else {
      Issue.record("expected group 2")
      return
    }
  }

  @Test("Grouped: equal numbers in each group, at different places; columns of each group its own")
  func grouped() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 8, strengths: [10, 1, 10, 1, 1, 1, 10, 10])
    let b = net.conv("group", a, 8, 4, kernel: 3, group: 2, strengths: [1, 10, 10, 1])
    net.output(net.conv("conv3", b, 4, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [0, 2, 6, 7])
    #expect(result.plan.kept("group.w") == [1, 2])
    let columns = result.plan.weights.first { $0.weight == "group.w" && $0.axis == 1 }
    #expect(columns?.kept == [[0, 2], [2, 3]])
    #expect(result.model.constant("group.w")?.dimensions == [2, 2, 3, 3])
    // Row 1 with columns 0 and 2, then row 2 with columns 2 and 3.
    let old = try #require(net.model().constant("group.w")?.floats)
    let new = try #require(result.model.constant("group.w")?.floats)
    var expected: [Float] = []
    for kernel in [4, 6, 10, 11] { expected += old[kernel * 9..<(kernel + 1) * 9] }
    #expect(new == expected)
    #expect(result.plan.kept("conv3.w", axis: 1) == [1, 2])
  }

  @Test("A grouped convolution never loses more of one group, however weak it is")
  func unevenGroups() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 8, strengths: [1, 2, 1, 1, 10, 10, 20, 20])
    net.output(net.conv("conv3", net.conv("group", a, 8, 4, group: 2), 4, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w")?.filter { $0 < 4 }.count == 2)
    #expect(result.plan.kept("conv1.w")?.filter { $0 >= 4 } == [6, 7])
  }

  /// A grouped convolution whose weight is an initializer that is a graph output or input too, or
  /// comes from a node.
  private func groupedWeight(_ kind: String) -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 8, strengths: [1, 20, 1, 20, 1, 20, 1, 20])
    let w = net.trained("w", [4, 4, 1, 1])
    var weight = w
    switch kind {
    case "output": net.output(w, [4, 4, 1, 1])
    case "input": net.graph.addInput(ValueInfo(w, type: net.graph[w].type))
    case "filled":
      weight = net.node(
        "ConstantOfShape", "fill", [net.integers("shape", [4, 4, 1, 1])],
        [Attribute("value", .tensor(Tensor(floats: [0.5], [1])))])
    default:
      let scale = net.constant("scale", Tensor(floats: [0.5], []))
      let values = (0..<16).map { Int8($0) }
      let stored = net.constant("stored", Tensor(.int8, [4, 4, 1, 1], Storage(values)))
      weight = net.node("DequantizeLinear", "dq", [stored, scale])
    }
    let b = net.node("Conv", "group", [a, weight], [Attribute("group", .int(2))])
    net.output(net.conv("conv3", b, 4, 2))
    return net.model()
  }

  @Test("Channels tied across some of the blocks keep as many as those of the other blocks")
  func tiedBlocks() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv(
      "conv1", x, 3, 12, strengths: [30, 30, 1, 1, 1, 1, 30, 30, 30, 1, 30, 1])
    let b = net.conv(
      "group", a, 12, 12, group: 3, strengths: [1, 10, 10, 1, 1, 10, 10, 1, 10, 1, 1, 10])
    let axis1 = [Attribute("axis", .int(1))]
    let parts = net.nodes(
      "Split", "split", [b, net.integers("sizes", [4, 4, 4])], axis1, outputs: 3)
    let product = net.node("Mul", "mul", [parts[0], parts[1]])
    net.output(net.conv("end", net.node("Concat", "join", [product, parts[2]], axis1), 8, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [0, 1, 6, 7, 8, 10])
    #expect(result.plan.kept("group.w") == [1, 2, 5, 6, 8, 11])
    let columns = result.plan.weights.first { $0.weight == "group.w" && $0.axis == 1 }
    #expect(columns?.kept == [[0, 1], [2, 3], [0, 2]])
    #expect(result.plan.kept("end.w", axis: 1) == [1, 2, 4, 7])
    #expect(result.plan.frozen.map(\.weight) == ["end.w"])
  }

  /// A concatenation that convolutions of 2 and of 5 groups read, of two parts, one of which a
  /// convolution of 2 groups makes.
  private func threeWaysOfCutting() -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("stem", x, 3, 8, strengths: [1, 9, 1, 9, 9, 1, 9, 1])
    let b = net.conv(
      "grouped", a, 8, 12, group: 2, strengths: [9, 1, 1, 9, 9, 1, 1, 9, 9, 9, 1, 1])
    let all = net.node("Concat", "all", [a, b], [Attribute("axis", .int(1))])
    net.output(net.conv("two", all, 20, 2, group: 2))
    net.output(net.conv("five", all, 20, 5, group: 5))
    return net.model()
  }

  @Test("Blocks cut in three ways keep the same fraction of what lies between any two cuts")
  func threeWays() throws {
    let result = try prune(threeWaysOfCutting())
    #expect(result.plan.kept("stem.w") == [1, 3, 4, 6])
    #expect(result.plan.kept("grouped.w") == [0, 3, 4, 7, 8, 9])
    func columns(_ weight: String) -> [[Int]]? {
      result.plan.weights.first { $0.weight == weight && $0.axis == 1 }?.kept
    }
    #expect(columns("grouped.w") == [[1, 3], [0, 2]])
    #expect(columns("two.w") == [[1, 3, 4, 6, 8], [1, 2, 5, 6, 7]])
    #expect(columns("five.w") == [[1, 3], [0, 2], [0, 3], [0, 3], [0, 1]])
  }

  @Test("Where a fraction of every part is not to be had, the nearest one is, or all stays")
  func nearestFraction() throws {
    // Parts of 4 and of 2 channels can lose a half or nothing.
    #expect(try prune(threeWaysOfCutting(), ratio: 0.3).plan.kept("stem.w") == [1, 3, 4, 6])
    #expect(try prune(threeWaysOfCutting(), ratio: 0.25).plan.kept("stem.w") == nil)
    #expect(try prune(threeWaysOfCutting(), ratio: 0.75).plan.kept("stem.w") == [1, 3, 4, 6])
  }

  @Test("A filled weight has no columns of its own: each group loses other channels")
  func filledGroupedWeight() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 8, strengths: [20, 1, 20, 1, 1, 1, 20, 20])
    let weight = net.node(
      "ConstantOfShape", "fill", [net.integers("shape", [4, 4, 1, 1])],
      [Attribute("value", .tensor(Tensor(floats: [0.5], [1])))])
    let b = net.node("Conv", "group", [a, weight], [Attribute("group", .int(2))])
    net.output(net.conv("conv3", b, 4, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [0, 2, 6, 7])
    #expect(try result.model.constant(of: "fill", 0)?.integers == [2, 2, 1, 1])
    let mask = result.plan.proof.first { $0.axis == 1 && $0.kept.count == 2 }
    #expect(mask?.kept == [[0, 2], [2, 3]])
  }

  @Test("A grouped weight that a node computes loses the same columns in each group")
  func computedGroupedWeight() throws {
    let stored = try prune(groupedWeight("computed"))
    #expect(stored.plan.kept("conv1.w") == [1, 3, 5, 7])
    #expect(stored.plan.kept("stored", axis: 1) == [1, 3])
    #expect(stored.model.constant("stored")?.dimensions == [2, 2, 1, 1])
    let filled = try prune(groupedWeight("filled"))
    #expect(filled.plan.kept("conv1.w") == [1, 3, 5, 7])
    #expect(try filled.model.constant(of: "fill", 0)?.integers == [2, 2, 1, 1])
  }

  @Test("A grouped weight that is a graph output keeps its columns, and these the input")
  func groupedWeightInSight() throws {
    let result = try prune(groupedWeight("output"))
    #expect(result.plan.kept("conv1.w") == nil)
    #expect(result.plan.reasons("conv1.w") == ["graph output 'w'"])
  }

  @Test("A weight that is a graph input too is cut with its declaration, or frozen when asked")
  func overridableWeight() throws {
    let model = groupedWeight("input")
    let pruner = try Pruner(model, PruningOptions(target: .ratio(0.5)))
    #expect(pruner.overridable == 1)
    let result = try prune(model)
    #expect(result.plan.kept("conv1.w") == [1, 3, 5, 7])
    let names = result.model.graph.inputs.map { result.model.graph[$0.value].name }
    #expect(names == ["x", "w"])
    #expect(result.model.graph.inputs[1].type?.tensor?.shape == Shape([2, 2, 1, 1]))
    let frozen = try prune(model) { $0.freezesOverridable = true }
    #expect(frozen.plan.kept("conv1.w") == nil)
    #expect(frozen.plan.reasons("conv1.w") == ["graph input 'w'"])
  }

  @Test("ConvTranspose: weight as [inputs, outputs]")
  func transposed() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4, strengths: [1, 60, 60, 1])
    let w = net.trained("up.w", [4, 6, 2, 2], axis: 1, strengths: [1, 1, 10, 10, 1, 10])
    let b = net.node(
      "ConvTranspose", "up", [a, w, net.trained("up.b", [6])],
      [Attribute("strides", .ints([2, 2]))])
    net.output(net.conv("conv2", b, 6, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [1, 2])
    #expect(result.plan.kept("up.w", axis: 0) == [1, 2])
    #expect(result.plan.kept("up.w", axis: 1) == [2, 3, 5])
    #expect(result.plan.kept("up.b") == [2, 3, 5])
    #expect(result.plan.kept("conv2.w", axis: 1) == [2, 3, 5])
  }

  @Test("Grouped ConvTranspose: inputs go evenly, outputs stay")
  func groupedTransposed() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 8, strengths: [10, 1, 10, 1, 1, 1, 10, 10])
    let b = net.node(
      "ConvTranspose", "up", [a, net.trained("up.w", [8, 3, 2, 2]), net.trained("up.b", [6])],
      [Attribute("group", .int(2))])
    net.output(net.conv("conv2", b, 6, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [0, 2, 6, 7])
    #expect(result.model.constant("up.w")?.dimensions == [4, 3, 2, 2])
    #expect(result.model.constant("conv2.w")?.dimensions == [2, 6, 1, 1])
  }

  @Test("Depthwise ConvTranspose")
  func depthwiseTransposed() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4, strengths: [1, 20, 20, 1])
    let b = net.node(
      "ConvTranspose", "up", [a, net.trained("up.w", [4, 2, 2, 2])], [Attribute("group", .int(4))])
    net.output(net.conv("conv2", b, 8, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [1, 2])
    #expect(result.plan.kept("up.w") == [1, 2])
    #expect(result.plan.kept("conv2.w", axis: 1) == [2, 3, 4, 5])
  }

  @Test("Everything removable goes but one channel: each operator still runs")
  func downToOne() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 6, 6])
    let a = net.batchNormalization("bn", net.conv("conv1", x, 3, 8, kernel: 3), 8)
    let b = net.conv("depth", net.node("Relu", "relu", [a]), 8, 8, kernel: 3, group: 8)
    let c = net.conv("conv2", b, 8, 4)
    let d = net.conv("group", c, 4, 8, group: 2)
    let flat = net.node("Flatten", "flat", [net.node("GlobalAveragePool", "pool", [d])])
    net.output(net.gemm("fc2", net.gemm("fc1", flat, 8, 6), 6, 3))
    let result = try prune(net.model(), ratio: 1)
    #expect(result.model.constant("conv1.w")?.dimensions == [1, 3, 3, 3])
    #expect(result.model.constant("depth.w")?.dimensions == [1, 1, 3, 3])
    #expect(result.model.constant("conv2.w")?.dimensions == [2, 1, 1, 1])
    #expect(result.model.constant("group.w")?.dimensions == [2, 1, 1, 1])
    #expect(result.model.constant("fc1.w")?.dimensions == [1, 2])
    #expect(result.model.constant("fc2.w")?.dimensions == [3, 1])
    #expect(result.plan.groups.allSatisfy { $0.kept >= 1 })
  }
}
