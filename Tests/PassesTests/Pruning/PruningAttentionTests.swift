import IR
import Operators
import Passes
import TestSupport
import Testing

/// Rule 9 of pruning.md: whole heads, or the same elements of every head, whether attention is spelled
/// out or one operator.
@Suite struct PruningAttentionTests {
  /// Strengths that make head 1 of two weak, and elements 0 and 3 of each head of four.
  let weakHead: [Float] = [9, 9, 9, 9, 1, 1, 1, 1]
  let weakElements: [Float] = [1, 9, 9, 1, 1, 9, 9, 1]

  /// A projection with a bias.
  func project(
    _ net: inout Network, _ name: String, _ x: ValueID, _ from: Int, _ to: Int,
    _ strengths: [Float]?
  ) -> ValueID {
    let w = net.trained("\(name).w", [from, to], axis: 1, strengths: strengths)
    return net.node(
      "Add", "\(name).add", [net.node("MatMul", name, [x, w]), net.trained("\(name).b", [to])])
  }

  /// Attention spelled out over `heads` heads of queries and `shared` of keys, as exporters write it.
  private func spelledOut(
    _ strengths: [Float], keys: [Float]? = nil, heads: Int = 2, shared: Int = 2,
    computesShapes: Bool = false
  ) -> Model {
    var net = Network()
    let x = net.input("x", [computesShapes ? .init(symbol: "N") : 2, 5, 6])
    let width = strengths.count / heads
    func split(_ net: inout Network, _ name: String, _ x: ValueID, _ count: Int, _ perm: [Int])
      -> ValueID
    {
      var to = net.integers("\(name).to", [0, 0, count, width])
      if computesShapes {
        let shape = net.node("Shape", "\(name).shape", [x])
        let batch = net.node("Gather", "\(name).batch", [shape, net.integers("\(name).zero", [0])])
        to = net.node(
          "Concat", "\(name).lengths",
          [batch, net.integers("\(name).rest", [-1, count, width])], [Attribute("axis", .int(0))])
      }
      let split = net.node("Reshape", "\(name).split", [x, to])
      return net.node("Transpose", "\(name).turn", [split], [Attribute("perm", .ints(perm))])
    }
    func repeated(_ net: inout Network, _ name: String, _ x: ValueID, _ lengths: [Int]) -> ValueID {
      guard heads != shared else { return x }
      let one = net.node("Unsqueeze", "\(name).one", [x, net.integers("\(name).axis", [2])])
      var expanded = lengths
      expanded.insert(heads / shared, at: 2)
      let all = net.node("Expand", "\(name).all", [one, net.integers("\(name).copies", expanded)])
      return net.node(
        "Reshape", "\(name).joined",
        [all, net.integers("\(name).heads", [lengths[0], heads, lengths[2], lengths[3]])])
    }
    let few = keys ?? strengths
    let q = split(
      &net, "q", project(&net, "q", x, 6, strengths.count, strengths), heads, [0, 2, 1, 3])
    let k = repeated(
      &net, "k", split(&net, "k", project(&net, "k", x, 6, few.count, few), shared, [0, 2, 3, 1]),
      [2, shared, width, 5])
    let v = repeated(
      &net, "v", split(&net, "v", project(&net, "v", x, 6, few.count, few), shared, [0, 2, 1, 3]),
      [2, shared, 5, width])
    let scaled = net.node(
      "Mul", "scaled",
      [net.node("MatMul", "qk", [q, k]), net.constant("half", Tensor(floats: [0.5], []))])
    let scores = net.node("Softmax", "soft", [scaled], [Attribute("axis", .int(-1))])
    let mixed = net.node(
      "Transpose", "back", [net.node("MatMul", "av", [scores, v])],
      [Attribute("perm", .ints([0, 2, 1, 3]))])
    let joined = net.node("Reshape", "join", [mixed, net.integers("join.to", [0, 0, -1])])
    net.output(net.node("MatMul", "out", [joined, net.trained("out.w", [strengths.count, 6])]))
    return net.model()
  }

  @Test("Whole heads of queries, keys and values go with the rows of the projection behind")
  func heads() throws {
    for computesShapes in [false, true] {
      let result = try prune(spelledOut(weakHead, computesShapes: computesShapes)) {
        $0.choices.attention = .heads
      }
      for name in ["q", "k", "v"] {
        #expect(result.plan.kept("\(name).w", axis: 1) == [0, 1, 2, 3], "\(name)")
        #expect(result.plan.kept("\(name).b") == [0, 1, 2, 3], "\(name)")
      }
      #expect(result.plan.kept("out.w") == [0, 1, 2, 3])
      #expect(result.plan.groups.map(\.channels) == [2])
      #expect(result.plan.groups.map(\.kept) == [1])
      // Replayed without being told of heads again.
      let pruner = try Pruner(
        spelledOut(weakHead, computesShapes: computesShapes), PruningOptions(target: .ratio(0)))
      let again = try pruner.apply(result.plan, modelHash: "")
      #expect(again.plan.kept("out.w") == [0, 1, 2, 3])
    }
  }

  @Test("The same elements of every head go where these leave more to choose from")
  func widths() throws {
    for attention in [PruningOptions.Attention.auto, .widths] {
      let result = try prune(spelledOut(weakElements)) { $0.choices.attention = attention }
      for name in ["q", "k", "v"] {
        #expect(result.plan.kept("\(name).w", axis: 1) == [1, 2, 5, 6], "\(name)")
      }
      #expect(result.plan.kept("out.w") == [1, 2, 5, 6])
    }
  }

  @Test("Left to itself, many small heads go whole")
  func manyHeads() throws {
    let strengths: [Float] = [9, 9, 1, 1, 9, 9, 1, 1]
    let result = try prune(spelledOut(strengths, heads: 4, shared: 4))
    #expect(result.plan.kept("q.w", axis: 1) == [0, 1, 4, 5])
    #expect(result.plan.kept("out.w") == [0, 1, 4, 5])
  }

  @Test("A head of keys and values goes with the block of queries' heads that share it")
  func groupedQueries() throws {
    // Four heads of queries, two of keys: the first of keys and the first two of queries are weak.
    let queries: [Float] = [1, 1, 1, 1, 9, 9, 9, 9]
    let keys: [Float] = [1, 1, 9, 9]
    let result = try prune(spelledOut(queries, keys: keys, heads: 4, shared: 2)) {
      $0.choices.attention = .heads
    }
    #expect(result.plan.kept("q.w", axis: 1) == [4, 5, 6, 7])
    #expect(result.plan.kept("k.w", axis: 1) == [2, 3])
    #expect(result.plan.kept("v.w", axis: 1) == [2, 3])
    #expect(result.plan.kept("out.w") == [4, 5, 6, 7])
  }

  @Test("One projection for queries, keys and values, cut into three by Split or by an axis")
  func packed() throws {
    // Rows of queries, keys and values with head 0 of two weak.
    let third: [Float] = [1, 1, 9, 9]
    for byAxis in [false, true] {
      var net = Network()
      let x = net.input("x", [2, 5, 6])
      let all = project(&net, "qkv", x, 6, 12, third + third + third)
      var parts: [ValueID]
      if byAxis {
        let grid = net.node("Reshape", "grid", [all, net.integers("to", [2, 5, 3, 2, 2])])
        let turned = net.node(
          "Transpose", "turn", [grid], [Attribute("perm", .ints([2, 0, 3, 1, 4]))])
        parts = (0..<3).map { index in
          net.node(
            "Gather", "part\(index)",
            [turned, net.constant("at\(index)", Tensor(int64: [index], []))],
            [Attribute("axis", .int(0))])
        }
      } else {
        parts = net.nodes(
          "Split", "split", [all, net.integers("sizes", [4, 4, 4])], [Attribute("axis", .int(2))],
          outputs: 3)
        for index in parts.indices {
          let grid = net.node(
            "Reshape", "grid\(index)", [parts[index], net.integers("to\(index)", [2, 5, 2, 2])])
          parts[index] = net.node(
            "Transpose", "turn\(index)", [grid], [Attribute("perm", .ints([0, 2, 1, 3]))])
        }
      }
      let key = net.node("Transpose", "key", [parts[1]], [Attribute("perm", .ints([0, 1, 3, 2]))])
      let scores = net.node(
        "Softmax", "soft", [net.node("MatMul", "qk", [parts[0], key])],
        [Attribute("axis", .int(-1))])
      let mixed = net.node(
        "Transpose", "back", [net.node("MatMul", "av", [scores, parts[2]])],
        [Attribute("perm", .ints([0, 2, 1, 3]))])
      let joined = net.node("Reshape", "join", [mixed, net.integers("join.to", [2, 5, 4])])
      net.output(net.node("MatMul", "out", [joined, net.trained("out.w", [4, 6])]))
      let model = net.model()

      let heads = try prune(model) { $0.choices.attention = .heads }
      #expect(heads.plan.kept("qkv.w", axis: 1) == [2, 3, 6, 7, 10, 11])
      #expect(heads.plan.kept("out.w") == [2, 3])
      // Queries and keys compete among themselves, values among themselves: each loses half.
      let widths = try prune(model) { $0.choices.attention = .widths }
      #expect(widths.model.constant("qkv.w")?.dimensions == [6, 6])
      #expect(widths.model.constant("out.w")?.dimensions == [2, 6])
    }
  }
}
