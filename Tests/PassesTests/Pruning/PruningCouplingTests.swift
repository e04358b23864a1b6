import IR
import Passes
import TestSupport
import Testing

/// Channels that stand and fall together across the graph; kept indices worked out by hand.
@Suite struct PruningCouplingTests {
  private let axis1 = [Attribute("axis", .int(1))]

  @Test("Squeeze and excitation: the gate loses the channels of what it multiplies")
  func squeezeExcitation() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 8, strengths: [10, 1, 1, 10, 1, 10, 10, 1])
    let pooled = net.node("GlobalAveragePool", "pool", [a])
    let reduced = net.node(
      "Relu", "relu", [net.conv("reduce", pooled, 8, 4, strengths: [10, 1, 10, 1])])
    let gate = net.node("Sigmoid", "gate", [net.conv("expand", reduced, 4, 8)])
    net.output(net.conv("conv2", net.node("Mul", "scale", [a, gate]), 8, 3))
    let result = try prune(net.model())
    for weight in ["conv1.w", "conv1.b", "expand.w", "expand.b"] {
      #expect(result.plan.kept(weight) == [0, 3, 5, 6], "\(weight)")
    }
    #expect(result.plan.kept("reduce.w") == [0, 2])
    #expect(result.plan.kept("reduce.w", axis: 1) == [0, 3, 5, 6])
    #expect(result.plan.kept("expand.w", axis: 1) == [0, 2])
    #expect(result.plan.kept("conv2.w", axis: 1) == [0, 3, 5, 6])
  }

  @Test("Residual chains: all that is added in a stage keeps the same channels, stages differ")
  func residual() throws {
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 3, 8, 8])
    var a = net.conv("stem", x, 3, 4, strengths: [30, 1, 1, 30])
    for block in ["a", "b"] {
      let inner = net.batchNormalization(
        "\(block)1bn", net.conv("\(block)1", a, 4, 6, kernel: 3, bias: false), 6)
      let b = net.conv("\(block)2", net.node("Relu", "\(block)relu", [inner]), 6, 4)
      a = net.node("Relu", "\(block)out", [net.node("Add", "\(block)add", [a, b])])
    }
    var b = net.conv("down", a, 4, 8, strengths: [1, 1, 1, 1, 30, 30, 30, 30])
    b = net.node("Add", "cadd", [b, net.conv("c2", net.conv("c1", b, 8, 4), 4, 8)])
    let flat = net.node("Flatten", "flat", [net.node("GlobalAveragePool", "pool", [b])])
    net.output(net.gemm("fc", flat, 8, 5))
    let result = try prune(net.model())
    for weight in ["stem.w", "stem.b", "a2.w", "a2.b", "b2.w", "b2.b"] {
      #expect(result.plan.kept(weight) == [0, 3], "\(weight)")
    }
    for weight in ["a1.w", "b1.w", "down.w"] {
      #expect(result.plan.kept(weight, axis: 1) == [0, 3], "\(weight)")
    }
    for name in ["w"] + ["scale", "bias", "mean", "var"] {
      let weight = name == "w" ? "a1.w" : "a1bn.\(name)"
      #expect(result.plan.kept(weight) == result.plan.kept("a2.w", axis: 1), "\(weight)")
    }
    #expect(result.plan.kept("a1.w")?.count == 3)
    #expect(result.plan.kept("down.w") == [4, 5, 6, 7])
    #expect(result.plan.kept("c2.w") == [4, 5, 6, 7])
    #expect(result.plan.kept("fc.w", axis: 1) == [4, 5, 6, 7])
    #expect(result.plan.kept("fc.w") == nil, "the classifier's outputs stay")
  }

  @Test("Dense joins: offsets of every earlier layer")
  func dense() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let first = net.conv("conv0", x, 3, 4, strengths: [1, 20, 1, 20])
    var all = first
    for layer in 1...2 {
      let width = 4 + 2 * (layer - 1)
      let a = net.node(
        "Relu", "relu\(layer)", [net.batchNormalization("bn\(layer)", all, width)])
      let b = net.conv(
        "conv\(layer)", a, width, 2, kernel: 3, strengths: layer == 1 ? [20, 1] : [1, 20])
      all = net.node("Concat", "join\(layer)", [all, b], axis1)
    }
    net.output(net.conv("last", all, 8, 3))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv0.w") == [1, 3])
    #expect(result.plan.kept("conv1.w") == [0])
    #expect(result.plan.kept("conv2.w") == [1])
    #expect(result.plan.kept("conv1.w", axis: 1) == [1, 3])
    #expect(result.plan.kept("conv2.w", axis: 1) == [1, 3, 4])
    #expect(result.plan.kept("bn2.scale") == [1, 3, 4])
    #expect(result.plan.kept("last.w", axis: 1) == [1, 3, 4, 7])
  }

  @Test("A constant that two layers read is cut for each by itself")
  func sharedConstant() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let scale = net.constant("scale", Tensor(floats: [1, 2, 3, 4], [4, 1, 1]))
    let a = net.node("Mul", "mul1", [net.conv("conv1", x, 3, 4, strengths: [9, 9, 1, 1]), scale])
    let b = net.node("Mul", "mul2", [net.conv("conv2", x, 3, 4, strengths: [1, 9, 1, 9]), scale])
    net.output(net.conv("end1", a, 4, 2))
    net.output(net.conv("end2", b, 4, 2))
    net.graph.valueInfos.append(ValueInfo(scale, type: .tensor(TensorType(.float, [4, 1, 1]))))
    let result = try prune(net.model())
    #expect(result.plan.kept("conv1.w") == [0, 1])
    #expect(result.plan.kept("conv2.w") == [1, 3])
    let graph = result.model.graph
    let scales = try ["mul1", "mul2"].map { name in
      try graph.constant(#require(result.model.node(name).inputs[1]))?.floats
    }
    #expect(scales == [[1, 2], [2, 4]])
    #expect(graph.valueInfos.map { $0.type?.tensor?.shape?.known } == [[2, 1, 1]])
  }

  @Test("A constant of which one reader keeps everything is cut for the other only")
  func sharedWithOutput() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let scale = net.constant("scale", Tensor(floats: [1, 2, 3, 4], [4, 1, 1]))
    let whole = net.node("Mul", "mul1", [net.conv("conv1", x, 3, 4), scale])
    let b = net.node("Mul", "mul2", [net.conv("conv2", x, 3, 4, strengths: [1, 9, 1, 9]), scale])
    net.output(whole)
    net.output(net.conv("end2", b, 4, 2))
    let result = try prune(net.model())
    #expect(result.model.constant("scale")?.floats == [1, 2, 3, 4])
    let cut = try #require(result.model.node("mul2").inputs[1])
    #expect(result.model.graph.constant(cut)?.floats == [2, 4])
    #expect(result.model.constant("conv1.w")?.dimensions == [4, 3, 1, 1])
  }

  @Test("A weight that two convolutions share keeps the same channels for both")
  func sharedWeight() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4]), y = net.input("y", [1, 3, 4, 4])
    let w = net.trained("shared.w", [4, 3, 1, 1], strengths: [1, 20, 20, 1])
    let a = net.node("Conv", "conv1", [x, w])
    let b = net.node("Conv", "conv2", [y, w, net.trained("b", [4])])
    net.output(net.conv("end1", a, 4, 2))
    net.output(net.conv("end2", b, 4, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("shared.w") == [1, 2])
    #expect(result.plan.kept("b") == [1, 2])
    #expect(result.plan.kept("end1.w", axis: 1) == [1, 2])
    #expect(result.plan.kept("end2.w", axis: 1) == [1, 2])
    #expect(
      try result.model.node("conv1").inputs[1] == result.model.node("conv2").inputs[1])
  }

  @Test(
    "What is also a graph output, an overridable input or read by a subgraph stays, with reason")
  func frozenWeights() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4)
    let b = net.conv("conv2", a, 4, 4)
    let c = net.conv("conv3", b, 4, 4)
    let d = net.conv("conv4", c, 4, 4)
    net.output(net.conv("conv5", d, 4, 2))
    net.output(try #require(net.graph.value(named: "conv2.w")), [4, 4, 1, 1])
    let overridable = try #require(net.graph.value(named: "conv4.w"))
    net.graph.addInput(ValueInfo(overridable, type: net.graph[overridable].type))
    let result = try prune(net.model()) { $0.freezesOverridable = true }
    #expect(result.plan.reasons("conv1.w") == ["graph output 'conv2.w'"])
    #expect(result.plan.reasons("conv2.w") == ["graph output 'conv2.w'"])
    #expect(result.plan.reasons("conv3.w") == ["graph input 'conv4.w'"])
    #expect(result.plan.reasons("conv4.w") == ["graph input 'conv4.w'"])
    #expect(result.plan.reasons("conv5.w") == ["graph output 'conv5_out'"])
    #expect(result.plan.weights.isEmpty)
  }

  @Test("Only what touches an unknown operator stays; the rest is cut, and the plan says why")
  func unknownOperator() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4, strengths: [1, 9, 9, 1])
    let b = net.conv("conv2", a, 4, 4)
    let c = net.nodes("Magic", "magic", [b], domain: "com.example", outputs: 1)[0]
    net.graph.valueInfos = [ValueInfo(c, type: .tensor(TensorType(.float, [1, 4, 4, 4])))]
    let d = net.conv("conv3", c, 4, 4, strengths: [9, 1, 9, 1])
    net.output(net.conv("conv4", d, 4, 2))
    var model = net.model()
    model.opsetImports.append(OpsetImport(domain: "com.example", version: 1))
    let result = try Pruner(model, PruningOptions(target: .ratio(0.5))).prune()
    #expect(result.plan.kept("conv1.w") == [1, 2])
    #expect(result.plan.kept("conv3.w") == [0, 2])
    #expect(result.model.constant("conv2.w")?.dimensions == [4, 2, 1, 1])
    #expect(result.model.constant("conv3.w")?.dimensions == [2, 4, 1, 1])
    #expect(
      result.plan.reasons("conv2.w") == [
        "com.example.Magic 'magic': the operator is not known"
      ])
    #expect(result.difference == nil && result.unproved != nil)
  }

  @Test("Softmax and sums over the channels keep them; the reason names the node")
  func mixingOperators() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.node("Softmax", "soft", [net.conv("conv1", x, 3, 4)], axis1)
    net.output(net.conv("conv2", a, 4, 2))
    let b = net.conv("conv3", x, 3, 4)
    net.output(net.node("ReduceMean", "mean", [b], [Attribute("axes", .ints([1]))]))
    let result = try prune(net.model())
    #expect(result.plan.weights.isEmpty)
    #expect(result.plan.reasons("conv1.w").allSatisfy { $0.hasPrefix("Softmax 'soft': ") })
    #expect(result.plan.reasons("conv1.w").count == 1)
    #expect(result.plan.reasons("conv3.w").allSatisfy { $0.hasPrefix("ReduceMean 'mean': ") })
    #expect(result.plan.reasons("conv3.w").count == 1)
  }

  @Test("Every weight whose channels stay is listed, with its own number of channels")
  func frozenWeightsOfOneGroup() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let axis1 = [Attribute("axis", .int(1))]
    let a = net.conv("conv1", x, 3, 4), b = net.conv("conv2", x, 3, 6)
    let parts = net.nodes("Split", "split", [b, net.integers("sizes", [4, 2])], axis1, outputs: 2)
    let sum = net.node("Softmax", "soft", [net.node("Add", "add", [a, parts[0]])], axis1)
    net.output(net.conv("end1", sum, 4, 2))
    net.output(net.conv("end2", parts[1], 2, 2))
    let frozen = try prune(net.model()).plan.frozen.filter { !$0.reason.hasPrefix("graph") }
    #expect(frozen.map(\.weight) == ["conv1.w", "conv2.w"])
    #expect(frozen.map(\.channels) == [4, 4])
    #expect(frozen.allSatisfy { $0.reason == "Softmax 'soft': softmax over this axis" })
  }
}
