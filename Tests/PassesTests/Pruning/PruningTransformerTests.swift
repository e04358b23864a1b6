import IR
import Passes
import TestSupport
import Testing

/// Products and normalisations as transformers use them.
@Suite struct PruningTransformerTests {
  @Test("MatMul, bias, activation, MatMul, residual: the inner width shrinks, the outer stays")
  func perceptron() throws {
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 5, 6])
    let w1 = net.trained("w1", [6, 8], axis: 1, strengths: [1, 9, 1, 9, 9, 1, 1, 9])
    let a = net.node("Add", "bias1", [net.node("MatMul", "up", [x, w1]), net.trained("b1", [8])])
    let w2 = net.trained("w2", [8, 6])
    let b = net.node("MatMul", "down", [net.node("Relu", "relu", [a]), w2])
    net.output(
      net.node("Add", "residual", [net.node("Add", "bias2", [b, net.trained("b2", [6])]), x]))
    let result = try prune(net.model())
    #expect(result.plan.kept("w1", axis: 1) == [1, 3, 4, 7])
    #expect(result.plan.kept("b1") == [1, 3, 4, 7])
    #expect(result.plan.kept("w2", axis: 0) == [1, 3, 4, 7])
    #expect(result.plan.kept("w2", axis: 1) == nil)
    #expect(result.model.constant("w1")?.dimensions == [6, 4])
  }

  @Test("LayerNormalization does not commute with removal, and the oracle is right all the same")
  func layerNormalization() throws {
    var net = Network()
    let x = net.input("x", [2, 3, 4])
    let w1 = net.trained("w1", [4, 8], axis: 1, strengths: [1, 9, 1, 9, 9, 1, 1, 9])
    let a = net.node("MatMul", "up", [x, w1])
    let b = net.node(
      "LayerNormalization", "norm", [a, net.trained("scale", [8]), net.trained("bias", [8])])
    net.output(net.node("MatMul", "down", [b, net.trained("w2", [8, 3])]))
    let before = net.model()
    let result = try prune(before)
    #expect(result.plan.kept("w1", axis: 1) == [1, 3, 4, 7])
    #expect(result.plan.kept("scale") == [1, 3, 4, 7])
    #expect(result.plan.kept("w2", axis: 0) == [1, 3, 4, 7])
  }

  @Test("Group and instance normalisation")
  func groupNormalization() throws {
    for opset in [18, 21] {
      var net = Network()
      let x = net.input("x", [2, 3, 4, 4])
      let a = net.conv("conv1", x, 3, 8, strengths: [1, 9, 1, 9, 9, 9, 1, 1])
      let count = opset < 21 ? 2 : 8
      let b = net.node(
        "GroupNormalization", "norm",
        [a, net.trained("scale", [count]), net.trained("bias", [count])],
        [Attribute("num_groups", .int(2))])
      let c = net.node(
        "InstanceNormalization", "inst", [b, net.trained("s", [8]), net.trained("t", [8])])
      net.output(net.conv("conv2", c, 8, 3))
      let result = try prune(net.model(opset: opset))
      #expect(result.plan.kept("conv1.w") == [1, 3, 4, 5])
      #expect(result.plan.kept("scale") == (opset < 21 ? nil : [1, 3, 4, 5]))
      #expect(result.plan.kept("s") == [1, 3, 4, 5])
      #expect(result.plan.kept("conv2.w", axis: 1) == [1, 3, 4, 5])
    }
  }

  @Test("Attention with two heads: queries with keys, values with the projection")
  func attention() throws {
    var net = Network()
    let x = net.input("x", [1, 5, 6])
    func heads(_ net: inout Network, _ name: String, _ perm: [Int]) -> ValueID {
      let strengths: [Float] = [1, 9, 9, 1, 1, 9, 9, 1]
      let w = net.trained("\(name).w", [6, 8], axis: 1, strengths: strengths)
      let a = net.node("MatMul", name, [x, w])
      let split = net.node(
        "Reshape", "\(name).split", [a, net.integers("\(name).to", [0, 0, 2, 4])])
      return net.node("Transpose", "\(name).turn", [split], [Attribute("perm", .ints(perm))])
    }
    let query = heads(&net, "q", [0, 2, 1, 3])
    let key = heads(&net, "k", [0, 2, 3, 1])
    let value = heads(&net, "v", [0, 2, 1, 3])
    let scores = net.node(
      "Softmax", "soft", [net.node("MatMul", "qk", [query, key])], [Attribute("axis", .int(-1))])
    let mixed = net.node(
      "Transpose", "back", [net.node("MatMul", "av", [scores, value])],
      [Attribute("perm", .ints([0, 2, 1, 3]))])
    let joined = net.node("Reshape", "join", [mixed, net.integers("join.to", [0, 0, 8])])
    net.output(net.node("MatMul", "out", [joined, net.trained("out.w", [8, 6])]))
    let result = try prune(net.model())
    #expect(result.plan.kept("q.w", axis: 1) == result.plan.kept("k.w", axis: 1))
    #expect(result.plan.kept("q.w", axis: 1) == [1, 2, 5, 6])
    #expect(result.plan.kept("v.w", axis: 1) == [1, 2, 5, 6])
    #expect(result.plan.kept("out.w", axis: 0) == [1, 2, 5, 6])
    #expect(result.model.constant("out.w")?.dimensions == [4, 6])
  }
}
