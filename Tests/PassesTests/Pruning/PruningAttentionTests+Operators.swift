import IR
import Operators
import Passes
import TestSupport
import Testing

/// Attention that one operator computes.
extension PruningAttentionTests {
  /// Queries, keys and values from projections of `x`, and the projection behind.
  private func projected(
    _ net: inout Network, _ queries: [Float], _ keys: [Float]
  ) -> (q: ValueID, k: ValueID, v: ValueID) {
    let x = net.input("x", [2, 5, 6])
    return (
      project(&net, "q", x, 6, queries.count, queries), project(&net, "k", x, 6, keys.count, keys),
      project(&net, "v", x, 6, keys.count, keys)
    )
  }

  private func finish(_ net: inout Network, _ y: ValueID, _ width: Int) {
    net.output(net.node("MatMul", "out", [y, net.trained("out.w", [width, 6])]))
  }

  @Test("Attention: whole heads, and their numbers in the attributes")
  func attentionHeads() throws {
    var net = Network()
    let queries: [Float] = [1, 1, 1, 1, 9, 9, 9, 9]
    let (q, k, v) = projected(&net, queries, [1, 1, 9, 9])
    let y = net.node(
      "Attention", "attention", [q, k, v],
      [Attribute("q_num_heads", .int(4)), Attribute("kv_num_heads", .int(2))])
    finish(&net, y, 8)
    let result = try prune(net.model(opset: 23, irVersion: 10))
    #expect(result.plan.kept("q.w", axis: 1) == [4, 5, 6, 7])
    #expect(result.plan.kept("k.w", axis: 1) == [2, 3])
    #expect(result.plan.kept("v.b") == [2, 3])
    #expect(result.plan.kept("out.w") == [4, 5, 6, 7])
    let node = try result.model.node("attention")
    #expect(node.attribute("q_num_heads")?.integer == 2)
    #expect(node.attribute("kv_num_heads")?.integer == 1)
    #expect(node.attribute("scale") == nil)
    // Two heads of five positions that sum over two elements twice.
    #expect(result.after.macs == 2 * 5 * 6 * (4 + 2 + 2) + 2 * 2 * 5 * 5 * 4 + 2 * 5 * 4 * 6)
  }

  @Test("Attention: elements of heads go, and the scale that followed from their number is stated")
  func attentionWidths() throws {
    var net = Network()
    let (q, k, v) = projected(&net, weakElements, weakElements)
    let y = net.node(
      "Attention", "attention", [q, k, v],
      [Attribute("q_num_heads", .int(2)), Attribute("kv_num_heads", .int(2))])
    finish(&net, y, 8)
    let result = try prune(net.model(opset: 23, irVersion: 10)) { $0.choices.attention = .widths }
    for name in ["q", "k", "v"] {
      #expect(result.plan.kept("\(name).w", axis: 1) == [1, 2, 5, 6], "\(name)")
    }
    let node = try result.model.node("attention")
    #expect(node.attribute("q_num_heads")?.integer == 2)
    #expect(node.attribute("scale")?.number == 0.5)
  }

  @Test("Attention on four axes loses heads and elements, the mask its heads")
  func attentionFourAxes() throws {
    var net = Network()
    let (q, k, v) = projected(&net, weakHead, weakHead)
    let parts = [q, k, v].enumerated().map { index, x -> ValueID in
      let grid = net.node(
        "Reshape", "grid\(index)", [x, net.integers("to\(index)", [2, 5, 2, 4])])
      return net.node(
        "Transpose", "turn\(index)", [grid], [Attribute("perm", .ints([0, 2, 1, 3]))])
    }
    let mask = net.trained("mask", [1, 2, 5, 5])
    let y = net.node("Attention", "attention", parts.map { $0 } + [mask])
    let back = net.node("Transpose", "back", [y], [Attribute("perm", .ints([0, 2, 1, 3]))])
    finish(&net, net.node("Reshape", "join", [back, net.integers("join.to", [0, 0, -1])]), 8)
    let model = net.model(opset: 23, irVersion: 10)
    let heads = try prune(model) { $0.choices.attention = .heads }
    #expect(heads.plan.kept("q.w", axis: 1) == [0, 1, 2, 3])
    #expect(heads.plan.kept("mask", axis: 1) == [0])
    #expect(try heads.model.node("attention").attribute("scale") == nil)
    let widths = try prune(model) { $0.choices.attention = .widths }
    #expect(widths.model.constant("q.w")?.dimensions == [6, 4])
    #expect(widths.model.constant("mask")?.dimensions == [1, 2, 5, 5])
    #expect(try widths.model.node("attention").attribute("scale")?.number == 0.5)
  }

  @Test("One head of keys for all queries: heads of queries go one by one")
  func singleKeyHead() throws {
    var net = Network()
    let (q, k, v) = projected(&net, [1, 1, 9, 9, 1, 1, 9, 9], [9, 9])
    let y = net.node(
      "Attention", "attention", [q, k, v],
      [Attribute("q_num_heads", .int(4)), Attribute("kv_num_heads", .int(1))])
    finish(&net, y, 8)
    let result = try prune(net.model(opset: 23, irVersion: 10)) { $0.choices.attention = .heads }
    #expect(result.plan.kept("q.w", axis: 1) == [2, 3, 6, 7])
    #expect(result.plan.kept("k.w", axis: 1) == nil)
    #expect(try result.model.node("attention").attribute("q_num_heads")?.integer == 2)
  }

  @Test("com.microsoft Attention: columns of its projection, biases and sizes")
  func fusedProjection() throws {
    for hasSizes in [false, true] {
      var net = Network()
      let x = net.input("x", [2, 5, 6])
      let inner = net.node("MatMul", "first", [x, net.trained("first.w", [6, 6])])
      // Values are wider than queries and keys where the sizes say so.
      let sizes = hasSizes ? [4, 4, 8] : [4, 4, 4]
      let strengths = sizes.flatMap { size -> [Float] in
        (0..<size).map { $0 < size / 2 ? 1 : 9 }
      }
      let w = net.trained("qkv.w", [6, strengths.count], axis: 1, strengths: strengths)
      var attributes = [Attribute("num_heads", .int(2))]
      if hasSizes { attributes.append(Attribute("qkv_hidden_sizes", .ints(sizes))) }
      let y = net.nodes(
        "Attention", "attention", [inner, w, net.trained("qkv.b", [strengths.count])], attributes,
        domain: "com.microsoft", outputs: 1)[0]
      finish(&net, y, sizes[2])
      let result = try prune(net.model().withMicrosoft)
      #expect(
        result.plan.kept("qkv.w", axis: 1)
          == (hasSizes ? [2, 3, 6, 7, 12, 13, 14, 15] : [2, 3, 6, 7, 10, 11]))
      #expect(result.plan.kept("qkv.b") == result.plan.kept("qkv.w", axis: 1))
      #expect(result.plan.kept("out.w") == (hasSizes ? [4, 5, 6, 7] : [2, 3]))
      #expect(result.model.constant("first.w")?.dimensions == [6, 3])
      let node = try result.model.node("attention")
      #expect(node.attribute("num_heads")?.integer == 1)
      #expect(node.attribute("qkv_hidden_sizes")?.integers == (hasSizes ? [2, 2, 4] : nil))
    }
  }

  @Test(
    "com.microsoft MultiHeadAttention: heads with biases, elements without, and packed operands")
  func multiHead() throws {
    for hasBias in [true, false] {
      var net = Network()
      let (q, k, v) = projected(&net, weakHead, weakHead)
      let bias = hasBias ? net.trained("bias", [24]) : nil
      let y = net.nodes(
        "MultiHeadAttention", "attention", [q, k, v, bias], [Attribute("num_heads", .int(2))],
        domain: "com.microsoft", outputs: 1)[0]
      finish(&net, y, 8)
      let model = net.model().withMicrosoft
      let heads = try prune(model)
      #expect(heads.plan.kept("q.w", axis: 1) == [0, 1, 2, 3])
      #expect(
        heads.plan.kept("bias") == (hasBias ? [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19] : nil))
      #expect(try heads.model.node("attention").attribute("num_heads")?.integer == 1)
      let widths = try prune(model) { $0.choices.attention = .widths }
      let node = try widths.model.node("attention")
      #expect(node.attribute("num_heads")?.integer == (hasBias ? 1 : 2))
      #expect(node.attribute("scale")?.number == (hasBias ? nil : 0.5))
    }

    var net = Network()
    let x = net.input("x", [2, 5, 6])
    let strengths = (0..<24).map { Float($0 < 12 ? 1 : 9) }
    let all = project(&net, "qkv", x, 6, 24, strengths)
    let grid = net.node("Reshape", "grid", [all, net.integers("to", [0, 0, 2, 3, 4])])
    let y = net.nodes(
      "MultiHeadAttention", "attention", [grid], [Attribute("num_heads", .int(2))],
      domain: "com.microsoft", outputs: 1)[0]
    finish(&net, y, 8)
    let result = try prune(net.model().withMicrosoft) { $0.choices.attention = .heads }
    #expect(result.plan.kept("qkv.w", axis: 1) == Array(12..<24))
    #expect(result.plan.kept("out.w") == [4, 5, 6, 7])
  }

  @Test("com.microsoft GroupQueryAttention: operands apart and packed")
  func groupQuery() throws {
    for isPacked in [false, true] {
      var net = Network()
      let queries = (0..<32).map { Float($0 < 16 ? 1 : 9) }
      let keys = (0..<16).map { Float($0 < 8 ? 1 : 9) }
      var inputs: [ValueID?]
      if isPacked {
        let x = net.input("x", [2, 5, 6])
        inputs = [project(&net, "qkv", x, 6, 64, queries + keys + keys), nil, nil]
      } else {
        let (q, k, v) = projected(&net, queries, keys)
        inputs = [q, k, v]
      }
      inputs += [
        nil, nil, net.constant("lengths", Tensor(.int32, [2], Storage([4, 4] as [Int32]))),
        net.constant("total", Tensor(.int32, [1], Storage([5] as [Int32]))),
      ]
      let y = net.nodes(
        "GroupQueryAttention", "attention", inputs,
        [Attribute("num_heads", .int(4)), Attribute("kv_num_heads", .int(2))],
        domain: "com.microsoft", outputs: 1)[0]
      finish(&net, y, 32)
      let result = try prune(net.model().withMicrosoft)
      #expect(result.plan.kept("out.w") == Array(16..<32))
      if isPacked {
        #expect(
          result.plan.kept("qkv.w", axis: 1) == Array(16..<32) + Array(40..<48) + Array(56..<64))
      } else {
        #expect(result.plan.kept("q.w", axis: 1) == Array(16..<32))
        #expect(result.plan.kept("k.w", axis: 1) == Array(8..<16))
      }
      let node = try result.model.node("attention")
      #expect(node.attribute("num_heads")?.integer == 2)
      #expect(node.attribute("kv_num_heads")?.integer == 1)
    }
  }

  @Test("A past that the caller supplies keeps its heads, and so does everything coupled to them")
  func pastOfTheCaller() throws {
    var net = Network()
    let (q, k, v) = projected(&net, weakHead, weakHead)
    let past = (0..<2).map { net.input("past\($0)", [2, 2, 3, 4]) }
    let outputs = net.nodes(
      "Attention", "attention", [q, k, v, nil] + past.map { $0 },
      [Attribute("q_num_heads", .int(2)), Attribute("kv_num_heads", .int(2))], outputs: 3)
    finish(&net, outputs[0], 8)
    net.output(outputs[1])
    net.output(outputs[2])
    let plan = try Pruner(
      net.model(opset: 23, irVersion: 10), PruningOptions(target: .ratio(0.5))
    ).groups()
    #expect(plan.groups.isEmpty)
    #expect(plan.reasons("q.w").first?.hasPrefix("graph ") == true, "\(plan.frozen)")
  }
}

extension Model {
  /// The model with the operators of ONNX Runtime imported.
  fileprivate var withMicrosoft: Model {
    var model = self
    model.opsetImports.append(OpsetImport(domain: "com.microsoft", version: 1))
    return model
  }
}

extension AttributeValue {
  fileprivate var integer: Int? { if case .int(let value) = self { value } else { nil } }
  fileprivate var number: Float? { if case .float(let value) = self { value } else { nil } }
  fileprivate var integers: [Int]? { if case .ints(let values) = self { values } else { nil } }
}
