import IR
import Passes
import TestSupport
import Testing

/// Channels followed through operators that only move elements; kept indices worked out by hand.
@Suite struct PruningMovementTests {
  let axis1 = [Attribute("axis", .int(1))]

  @Test("49 columns a channel follow it through Flatten or Reshape into Gemm", arguments: 0..<4)
  func flatten(kind: Int) throws {
    var net = Network()
    let x = net.input("x", [kind == 2 ? 1 : .init(symbol: "N"), 3, 7, 7])
    let a = net.node("Relu", "relu", [net.conv("conv", x, 3, 4, strengths: [1, 10, 10, 1])])
    let flat =
      switch kind {
      case 0: net.node("Flatten", "flat", [a])
      case 1: net.node("Reshape", "flat", [a, net.integers("target", [0, -1])])
      case 2: net.node("Reshape", "flat", [a, net.integers("target", [1, 196])])
      default:
        net.node(
          "Reshape", "flat",
          [
            net.node("Reshape", "rows", [a, net.integers("rows_target", [0, 4, 49])]),
            net.integers("target", [-1, 196]),
          ])
      }
    net.output(net.gemm("fc", flat, 196, 10))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv.w") == [1, 2])
    #expect(result.plan.kept("conv.b") == [1, 2])
    #expect(result.plan.kept("fc.w", axis: 1) == Array(49..<147))
    #expect(result.model.constant("conv.w")?.dimensions == [2, 3, 1, 1])
    #expect(result.model.constant("fc.w")?.dimensions == [10, 98])
    #expect(result.before.macs == 4 * 3 * 49 + 1960 && result.after.macs == 2 * 3 * 49 + 980)
    #expect(result.before.parameters == 12 + 4 + 1960 + 10)
    #expect(result.after.parameters == 6 + 2 + 980 + 10)
  }

  @Test("A channel shuffle between grouped convolutions")
  func shuffle() throws {
    var net = Network()
    let x = net.input("x", [1, 4, 3, 3])
    // Channel 4·g + j becomes 2·j + g; j = 1 and j = 2 are the strong ones of each group.
    let a = net.conv("conv1", x, 4, 8, group: 2, strengths: [1, 10, 9, 1, 1, 10, 9, 1])
    let split = net.node("Reshape", "split", [a, net.integers("to5", [1, 2, 4, 3, 3])])
    let turned = net.node(
      "Transpose", "turn", [split], [Attribute("perm", .ints([0, 2, 1, 3, 4]))])
    let joined = net.node("Reshape", "join", [turned, net.integers("to4", [1, 8, 3, 3])])
    let b = net.conv("conv2", joined, 8, 8, group: 2, strengths: [1, 9, 9, 1, 9, 1, 1, 9])
    net.output(net.conv("conv3", b, 8, 3))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [1, 2, 5, 6])
    #expect(result.plan.kept("conv2.w") == [1, 2, 4, 7])
    let columns = result.plan.weights.first { $0.weight == "conv2.w" && $0.axis == 1 }
    #expect(columns?.kept == [[2, 3], [0, 1]])
    #expect(result.plan.kept("conv3.w", axis: 1) == [1, 2, 4, 7])
    #expect(result.model.constant("conv1.w")?.dimensions == [4, 2, 1, 1])
    #expect(result.model.constant("conv2.w")?.dimensions == [4, 2, 1, 1])
    // What stays of 2·j + g is, in order: 2 (of channel 1), 3 (of 5), 4 (of 2) and 5 (of 6).
    #expect(result.model.operators == ["Conv", "Gather", "Conv", "Conv"])
    #expect(result.model.constant("join_out_order")?.integers == [0, 2, 1, 3])
  }

  @Test("Both grouped convolutions around a shuffle keep equal blocks, though no half is even")
  func oddShuffle() throws {
    var net = Network()
    let x = net.input("x", [1, 4, 3, 3])
    // Channel 6·g + j becomes 2·j + g: three of each first block go into each second one, and
    // 2, 1, 1 and 2 of them stay.
    let a = net.conv(
      "conv1", x, 4, 12, group: 2, strengths: [30, 30, 1, 30, 1, 1, 30, 1, 1, 30, 30, 1])
    let split = net.node("Reshape", "split", [a, net.integers("to5", [1, 2, 6, 3, 3])])
    let turned = net.node(
      "Transpose", "turn", [split], [Attribute("perm", .ints([0, 2, 1, 3, 4]))])
    let joined = net.node("Reshape", "join", [turned, net.integers("to4", [1, 12, 3, 3])])
    let b = net.conv("conv2", joined, 12, 12, group: 2)
    net.output(net.conv("conv3", b, 12, 3))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [0, 1, 3, 6, 9, 10])
    let columns = result.plan.weights.first { $0.weight == "conv2.w" && $0.axis == 1 }
    #expect(columns?.kept == [[0, 1, 2], [0, 1, 3]])
    #expect(result.model.constant("conv1.w")?.dimensions == [6, 2, 1, 1])
    #expect(result.model.constant("conv2.w")?.dimensions == [6, 3, 1, 1])
    // Of 0, 1, 2, 6, 7 and 9 the channels are 0, 6, 1, 3, 9 and 10.
    #expect(result.model.constant("join_out_order")?.integers == [0, 3, 1, 2, 4, 5])
  }

  @Test("Behind a shuffle each channel goes by itself, in one part more than in the other")
  func unevenShuffle() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 3, 3])
    // Channel 4·g + j becomes 2·j + g.
    let a = net.conv("conv1", x, 3, 8, strengths: [1, 1, 10, 10, 10, 1, 1, 1])
    let split = net.node("Reshape", "split", [a, net.integers("to5", [1, 2, 4, 3, 3])])
    let turned = net.node(
      "Transpose", "turn", [split], [Attribute("perm", .ints([0, 2, 1, 3, 4]))])
    let joined = net.node("Reshape", "join", [turned, net.integers("to4", [1, 8, 3, 3])])
    net.output(net.conv("conv2", joined, 8, 3))
    let result = try prune(net.model(), ratio: 0.625)
    #expect(result.plan.kept("conv1.w") == [2, 3, 4])
    #expect(result.plan.kept("conv2.w", axis: 1) == [1, 4, 6])
    #expect(result.model.constant("join_out_order")?.integers == [2, 0, 1])
    #expect(result.model.operators == ["Conv", "Gather", "Conv"])
  }

  @Test("Units with a half that passes and a shuffle (ShuffleNet): every width is halved")
  func shuffleUnits() throws {
    var net = Network()
    var x = net.conv("stem", net.input("x", [1, 3, 4, 4]), 3, 6)
    for unit in 1...3 {
      let halves = net.nodes(
        "Split", "halves\(unit)", [x, net.integers("sizes\(unit)", [3, 3])], axis1, outputs: 2)
      let inner = net.node("Relu", "relu\(unit)", [net.conv("inner\(unit)", halves[1], 3, 3)])
      let joined = net.node("Concat", "cat\(unit)", [halves[0], inner], axis1)
      let parts = net.node(
        "Reshape", "parts\(unit)", [joined, net.integers("to5_\(unit)", [1, 2, 3, 4, 4])])
      let turned = net.node(
        "Transpose", "turn\(unit)", [parts], [Attribute("perm", .ints([0, 2, 1, 3, 4]))])
      x = net.node(
        "Reshape", "whole\(unit)", [turned, net.integers("to4_\(unit)", [1, 6, 4, 4])])
    }
    net.output(net.conv("end", x, 6, 2))
    let result = try prune(net.model(), ratio: 0.34)
    #expect(result.model.constant("stem.w")?.dimensions[0] == 4)
    for unit in 1...3 {
      #expect(result.model.constant("inner\(unit).w")?.dimensions[0] == 2, "unit \(unit)")
    }
  }

  @Test("A target with -1 is traced at its own lengths, even where it takes fewer elements")
  func openTarget() throws {
    var net = Network()
    let x = net.input("x", [1, 2, 3])
    let wide = net.trained("wide.w", [3, 8], axis: 1, strengths: [1, 1, 9, 9, 1, 1, 9, 9])
    let a = net.node("MatMul", "wide", [x, wide])
    // Eight channels alone fit [1, 2, 2, -1] as well.
    let split = net.node("Reshape", "split", [a, net.integers("heads", [1, 2, 2, -1])])
    let joined = net.node("Reshape", "join", [split, net.integers("whole", [1, 2, 8])])
    net.output(net.node("MatMul", "end", [joined, net.trained("end.w", [8, 2])]))
    let result = try prune(net.model())
    #expect(result.plan.kept("wide.w", axis: 1) == [2, 3, 6, 7])
    #expect(result.plan.kept("end.w") == [2, 3, 6, 7])
  }

  @Test("DepthToSpace: channel d is made of 2k + d in DCR order, of 4d + k in CRD order")
  func depthToSpace() throws {
    for (mode, kept) in [(nil, [1, 3, 5, 7]), ("DCR", [1, 3, 5, 7]), ("CRD", [4, 5, 6, 7])] {
      var net = Network()
      let x = net.input("x", [1, 3, 3, 3])
      let strengths = (0..<8).map { kept.contains($0) ? 10 : 1 as Float }
      let a = net.conv("conv1", x, 3, 8, strengths: strengths)
      var list = [Attribute("blocksize", .int(2))]
      if let mode { list.append(Attribute("mode", .string(Array(mode.utf8)))) }
      let b = net.node("DepthToSpace", "shuffle", [a], list)
      net.output(net.conv("conv2", b, 2, 3))
      let result = try prune(net.model())
      #expect(result.plan.kept("conv1.w") == kept, "\(mode ?? "default")")
      #expect(result.plan.kept("conv2.w", axis: 1) == [1])
      #expect(result.model.constant("conv2.w")?.dimensions == [3, 1, 1, 1])
    }
  }

  @Test("SpaceToDepth spreads a channel over four places")
  func spaceToDepth() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 3, strengths: [1, 10, 10])
    let b = net.node("SpaceToDepth", "fold", [a], [Attribute("blocksize", .int(2))])
    net.output(net.conv("conv2", b, 12, 2))
    let result = try prune(net.model(), ratio: 0.34)
    #expect(result.plan.kept("conv1.w") == [1, 2])
    #expect(result.plan.kept("conv2.w", axis: 1) == [1, 2, 4, 5, 7, 8, 10, 11])
  }

  @Test("Split in halves, one convolved further, all joined (C2f)", arguments: [11, 13, 17, 18])
  func splitAndConcat(opset: Int) throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 8, strengths: [10, 1, 1, 1, 10, 10, 10, 1])
    var list = axis1
    if opset == 18 { list.append(Attribute("num_outputs", .int(2))) }
    let halves = net.nodes("Split", "split", [a], list, outputs: 2)
    let c = net.conv("conv2", halves[1], 4, 4, strengths: [1, 10, 1, 10])
    let joined = net.node("Concat", "join", [halves[0], halves[1], c], axis1)
    net.output(net.conv("conv3", joined, 12, 3))
    let result = try prune(net.model(opset: opset))
    #expect(result.plan.kept("conv1.w") == [0, 4, 5, 6])
    #expect(result.plan.kept("conv2.w", axis: 1) == [0, 1, 2])
    #expect(result.plan.kept("conv2.w") == [1, 3])
    #expect(result.plan.kept("conv3.w", axis: 1) == [0, 4, 5, 6, 9, 11])
    let split = try result.model.node("split")
    if opset < 13 {
      guard case .ints([1, 3])? = split.attribute("split") else {
        Issue.record("expected [1, 3], found \(String(describing: split.attribute("split")))")
        return
      }
    } else {
      let sizes = try #require(split.inputs[1])
      #expect(result.model.graph.constant(sizes)?.integers == [1, 3])
      #expect(split.attribute("num_outputs") == nil)
    }
  }

  @Test("The same tensor joined twice")
  func twice() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4, strengths: [1, 10, 10, 1])
    net.output(net.conv("conv2", net.node("Concat", "join", [a, a], axis1), 8, 3))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [1, 2])
    #expect(result.plan.kept("conv2.w", axis: 1) == [1, 2, 5, 6])
  }

  @Test("A tensor of one channel that is joined to others stays, whatever reads the join")
  func joinedSingle() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 1), b = net.conv("conv2", x, 3, 4, strengths: [9, 1, 9, 1])
    let joined = net.node("Concat", "join", [a, b], axis1)
    let gate = net.conv("gate", x, 3, 5, strengths: [1, 20, 1, 20, 1])
    net.output(net.conv("conv3", net.node("Mul", "mul", [joined, gate]), 5, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv2.w") == [0, 2])
    #expect(result.plan.kept("gate.w") == [0, 1, 3])
    #expect(
      result.plan.reasons("gate.w") == ["Concat 'join': what it reads here has one index only"])
  }

  @Test("Outputs of unequal sizes; the last channel of a small one stays")
  func unequalSplit() throws {
    func network(_ strengths: [Float]) -> Network {
      var net = Network()
      let x = net.input("x", [1, 3, 4, 4])
      let a = net.conv("conv1", x, 3, 8, strengths: strengths)
      let parts = net.nodes(
        "Split", "split", [a, net.integers("sizes", [2, 6])], axis1, outputs: 2)
      net.output(net.conv("small", parts[0], 2, 3))
      net.output(net.conv("large", parts[1], 6, 3))
      return net
    }
    let even = try prune(network([10, 1, 1, 10, 1, 10, 1, 10]).model())
    #expect(even.plan.kept("conv1.w") == [0, 3, 5, 7])
    #expect(even.plan.kept("small.w", axis: 1) == [0])
    #expect(even.plan.kept("large.w", axis: 1) == [1, 3, 5])
    #expect(try even.model.constant(of: "split", 1)?.integers == [1, 3])

    let steep = try prune(network([2, 4, 6, 8, 10, 12, 14, 16]).model())
    #expect(steep.plan.kept("conv1.w") == [1, 5, 6, 7])
    #expect(steep.plan.kept("small.w", axis: 1) == [1])
    #expect(steep.plan.kept("large.w", axis: 1) == [3, 4, 5])
  }

  @Test("Slices and gathered indices of channels")
  func sliceAndGather() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 8, strengths: [1, 10, 1, 10, 1, 10, 1, 10])
    let front = net.node(
      "Slice", "slice",
      [a, net.integers("from", [0]), net.integers("to", [4]), net.integers("axes", [1])])
    let picked = net.node("Gather", "gather", [a, net.integers("picks", [7, 1, 1, 2])], axis1)
    net.output(net.conv("conv2", front, 4, 3))
    net.output(net.conv("conv3", picked, 4, 3))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [1, 3, 5, 7])
    #expect(result.plan.kept("conv2.w", axis: 1) == [1, 3])
    #expect(result.plan.kept("conv3.w", axis: 1) == [0, 1, 2])
    #expect(try result.model.constant(of: "gather", 1)?.integers == [3, 0, 0])
  }

  @Test("Elements picked and written along another axis leave the channels what they are")
  func elements() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4, strengths: [10, 1, 10, 1])
    let axis2 = [Attribute("axis", .int(2))]
    // Rows 3 and 1 of channel 0, 2 and 0 of the others.
    let rows = [3, 1, 2, 0, 2, 0, 2, 0].flatMap { [Int](repeating: $0, count: 4) }
    let indices = net.constant("rows", Tensor(int64: rows, [1, 4, 2, 4]))
    let picked = net.node("GatherElements", "pick", [a, indices], axis2)
    let doubled = net.node("Add", "double", [picked, picked])
    let b = net.node("ScatterElements", "write", [a, indices, doubled], axis2)
    net.output(net.conv("conv2", b, 4, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [0, 2])
    let kept = try result.model.constant(of: "write", 1)
    #expect(kept?.integers == Array(rows[0..<8]) + rows[16..<24])
    #expect(try result.model.constant(of: "pick", 1) == kept)
    #expect(result.plan.kept("conv2.w", axis: 1) == [0, 2])
  }

  @Test("Channels that padding makes up, constants other than 0, stay")
  func channelPadding() throws {
    for opset in [10, 17] {
      var net = Network()
      let x = net.input("x", [1, 3, 4, 4])
      let a = net.conv("conv1", x, 3, 4, strengths: [1, 10, 10, 1])
      let pads = [0, 1, 0, 0, 0, 2, 0, 0]
      let padded =
        opset == 10
        ? net.node(
          "Pad", "pad", [a], [Attribute("pads", .ints(pads)), Attribute("value", .float(0.5))])
        : net.node(
          "Pad", "pad",
          [a, net.integers("pads", pads), net.constant("half", Tensor(floats: [0.5], []))])
      net.output(net.conv("conv2", padded, 7, 3))
      let result = try prune(net.model(opset: opset))
      #expect(result.plan.kept("conv1.w") == [1, 2])
      #expect(result.plan.kept("conv2.w", axis: 1) == [0, 2, 3, 5, 6])
    }
  }

  @Test("Transposed layouts and squeezed axes")
  func layouts() throws {
    var net = Network()
    let x = net.input("x", [2, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4, strengths: [1, 10, 10, 1])
    let last = net.node("Transpose", "nhwc", [a], [Attribute("perm", .ints([0, 2, 3, 1]))])
    let b = net.node("MatMul", "mix", [last, net.trained("mix.w", [4, 6], axis: 1)])
    let back = net.node("Transpose", "nchw", [b], [Attribute("perm", .ints([0, 3, 1, 2]))])
    let pooled = net.node("GlobalAveragePool", "pool", [back])
    let flat = net.node("Squeeze", "squeeze", [pooled, net.integers("axes", [2, 3])])
    net.output(net.gemm("fc", flat, 6, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [1, 2])
    #expect(result.plan.kept("mix.w", axis: 0) == [1, 2])
    #expect(result.plan.kept("mix.w", axis: 1)?.count == 3)
    #expect(
      result.plan.kept("fc.w", axis: 1) == result.plan.kept("mix.w", axis: 1))
  }

  /// Channels in a tensor of open spatial lengths, whose shape a Shape operator reads whole.
  private func shapeReader(opset: Int = 17) -> Model {
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 3, .init(symbol: "H"), .init(symbol: "W")])
    let a = net.conv("conv1", x, 3, 4, strengths: [1, 20, 20, 1])
    let lengths = net.node("Shape", "lengths", [a])
    let rows = net.node("Reshape", "rows", [a, net.integers("rows.to", [0, 4, -1])])
    let back = net.node("Reshape", "back", [rows, lengths])
    // All of the lengths, as numbers: 1 / (N + C + H + W) of every element.
    let numbers = net.node("Cast", "numbers", [lengths], [Attribute("to", .int(1))])
    let total = net.node(
      "ReduceMax", "longest", [numbers], [Attribute("keepdims", .int(0))])
    net.output(net.conv("conv2", net.node("Div", "scaled", [back, total]), 4, 2))
    return net.model(opset: opset)
  }

  @Test("A length that Shape reads stays what it was, and targets made of it are put right")
  func readShape() throws {
    let result = try prune(shapeReader())
    #expect(result.plan.kept("conv1.w") == [1, 2])
    #expect(result.plan.kept("conv2.w", axis: 1) == [1, 2])
    #expect(try result.model.constant(of: "rows", 1)?.integers == [0, 2, -1])
    // One behind Shape, one before the Reshape that takes its result as target.
    #expect(result.model.operators.filter { $0 == "Where" }.count == 2)
  }

  @Test("Where the opset cannot change a computed shape, its channels stay")
  func readShapeOfOldOpset() throws {
    let result = try prune(shapeReader(opset: 8))
    #expect(result.plan.kept("conv1.w") == nil)
    #expect(result.plan.reasons("conv1.w").allSatisfy { $0.hasSuffix("this opset cannot change") })
    #expect(result.plan.reasons("conv1.w").count == 1)
  }
}
