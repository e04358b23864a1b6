import IR
import Passes
import TestSupport
import Testing

/// What becomes of Reshapes and their kin.
extension FusionRuleTests {
  @Test("Reshape, Flatten, Squeeze and Unsqueeze in a row, symbolic lengths included")
  func reshapes() throws {
    let batch = Dimension(symbol: "N")
    let model = try expect(["Reshape"]) { net in
      let x = net.input("x", [batch, 2, 3, 4])
      let y = net.node("Reshape", "r", [x, net.integers("shape", [0, 6, 4])])
      net.output(net.node("Unsqueeze", "u", [y, net.integers("axes", [2])]))
    }
    #expect(model.constant("u_out_shape")?.integers == [0, 6, 1, 4])
    try expect(["Relu"]) { net in
      let x = net.input("x", [batch, 4])
      let y = net.node("Unsqueeze", "u", [x, net.integers("axes", [1])])
      net.output(net.node("Relu", "relu", [net.node("Squeeze", "s", [y, net.integers("a", [1])])]))
    }
    try expect(["ReduceMean"]) { net in
      let x = net.input("x", [batch, 4, 5])
      let y = net.node("ReduceMean", "m", [x], [Attribute("axes", .ints([2]))])
      net.output(net.node("Squeeze", "s", [y, net.integers("a", [2])]))
    }
  }

  @Test("Reshapes around elementwise operators that undo each other go, branches included")
  func unwrapped() throws {
    func wrap(_ net: inout Network, _ x: ValueID, _ name: String) -> ValueID {
      net.node("Reshape", name, [x, net.integers("\(name)_to", [2, 3, 4])])
    }
    func build(_ net: inout Network, _ tail: (inout Network, ValueID) -> ValueID) {
      let x = net.input("x", [6, 4])
      let inner = wrap(&net, net.node("Relu", "relu", [x]), "wrap")
      let cube = net.node("Pow", "pow", [inner, scalar(&net, 3)])
      let scaled = net.node("Mul", "mul", [cube, net.trained("k", [4])])
      let sum = net.node("Add", "add", [inner, scaled])
      net.output(
        net.node("Reshape", "back", [tail(&net, sum), net.integers("back_to", [6, 4])]))
    }
    let model = try expect(["Relu", "Pow", "Mul", "Add"]) { net in build(&net) { $1 } }
    #expect(model.graph.outputs.map { model.graph[$0.value].name } == ["back_out"])
    // Two wrapped operands.
    try expect(["Mul"]) { net in
      let x = net.input("x", [6, 4]), y = net.input("y", [6, 4])
      let product = net.node("Mul", "mul", [wrap(&net, x, "a"), wrap(&net, y, "b")])
      net.output(net.node("Reshape", "back", [product, net.integers("to", [6, 4])]))
    }
    // A constant along an axis that the outer shape does not have, and a result that is seen.
    for kind in 0..<2 {
      var net = Network()
      var seen: ValueID?
      build(&net) { net, value in
        if kind == 0 { return net.node("Add", "row", [value, net.trained("r", [3, 1])]) }
        seen = value
        return net.node("Neg", "neg", [value])
      }
      if let seen { net.output(seen) }
      let (model, report) = try apply(try rules("unwrap-elementwise"), to: net.model())
      #expect(model.operators.filter { $0 == "Reshape" }.count == 2)
      #expect(kind == 0 || report.declined.map(\.text) == ["'add_out' is also a graph output"])
    }
  }

  @Test("Projections of one tensor become Gemms of the same rows; a single one stays")
  func projections() throws {
    func build(_ net: inout Network, count: Int, batch: Dimension = 2) {
      let x = net.node("Relu", "relu", [net.input("x", [batch, 3, 4])])
      for name in ["q", "k", "v"].prefix(count) {
        let product = net.node("MatMul", "\(name)_product", [x, net.trained("\(name)_w", [4, 6])])
        let sum = net.node("Add", name, [net.trained("\(name)_b", [6]), product])
        net.output(
          net.node("Reshape", "\(name)_heads", [sum, net.integers("\(name)_to", [0, 0, 2, 3])]))
      }
    }
    let model = try expect(
      ["Relu", "Reshape", "Gemm", "Reshape", "Gemm", "Reshape", "Gemm", "Reshape"]
    ) { build(&$0, count: 3) }
    #expect(try model.node("q").type == "Gemm")
    #expect(
      try model.node("q").metadata.map(\.value) == ["projections-to-gemm: MatMul 'q_product'"])
    for (count, batch) in [(1, Dimension.known(2)), (3, Dimension(symbol: "N"))] {
      var net = Network()
      build(&net, count: count, batch: batch)
      let (model, _) = try apply(try Simplification(FusionOptions()), to: net.model())
      #expect(!model.operators.contains("Gemm"))
    }
  }

  /// `reshape(x, [N, rest])` with the target computed from the shape of `x`, [N, 2, L].
  private func computedTarget(
    _ net: inout Network, rest: (inout Network, _ shape: ValueID) -> ValueID
  ) {
    let x = net.input("x", [Dimension(symbol: "N"), 2, Dimension(symbol: "L")])
    let shape = net.node("Shape", "shape", [x])
    let first = net.node("Gather", "first", [shape, net.integers("zero", [0])])
    let last = rest(&net, shape)
    net.output(
      net.node(
        "Reshape", "reshape",
        [x, net.node("Concat", "target", [first, last], [Attribute("axis", .int(0))])]))
  }

  @Test("A target computed from Shape, Gather and Concat becomes a constant with -1 or 0")
  func shapeSubgraph() throws {
    let model = try expect(["Reshape"]) { net in
      computedTarget(&net) { net, _ in net.integers("rest", [-1]) }
    }
    let node = try model.node("reshape")
    #expect(node.inputs[1].flatMap { model.graph.constant($0)?.integers } == [0, -1])
  }

  @Test("A target that runs on an empty batch stays computed where a constant would not")
  func emptyBatches() throws {
    let model = try expect(["Shape", "Gather", "Gather", "Mul", "Concat", "Reshape"]) {
      net in
      computedTarget(&net) { net, shape in
        net.node(
          "Mul", "rest",
          [
            net.node("Gather", "a", [shape, net.integers("one", [1])]),
            net.node("Gather", "b", [shape, net.integers("two", [2])]),
          ])
      }
    }
    #expect(try model.node("reshape").inputs[1].flatMap { model.graph.constant($0) } == nil)
  }
}
