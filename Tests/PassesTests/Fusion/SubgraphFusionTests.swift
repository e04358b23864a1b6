import IR
import Passes
import TestSupport
import Testing

/// Graphs inside nodes and functions are simplified too, and brought out where they can be.
@Suite struct SubgraphFusionTests {
  /// `relu(identity(outer)) + 0·k` computed in a body, with names that end in `suffix`.
  private func body(_ suffix: String, reading outer: String, operation: String = "Relu") -> Graph {
    var body = Graph(name: suffix)
    let x = body.addFreshValue(outer)
    let y = body.addFreshValue("y\(suffix)"), z = body.addFreshValue("z\(suffix)")
    body.add(Node("Identity", name: "id\(suffix)", inputs: [x], outputs: [y]))
    body.add(Node(operation, name: "op\(suffix)", inputs: [y], outputs: [z]))
    body.addOutput(ValueInfo(z, type: nil))
    return body
  }

  private func conditional(_ condition: ValueID?, _ net: inout Network) -> Model {
    let x = net.input("x", [1, 4])
    let outer = net.node("Neg", "neg", [x])
    let condition = condition ?? net.graph.addFreshValue("choose", type: .tensor(.init(.bool, [])))
    if net.graph[condition].initializer == nil {
      net.graph.addInput(ValueInfo(condition, type: .tensor(TensorType(.bool, []))))
    }
    net.output(
      net.node(
        "If", "if", [condition],
        [
          Attribute("then_branch", .graph(body("T", reading: "neg_out"))),
          Attribute("else_branch", .graph(body("F", reading: "neg_out", operation: "Sigmoid"))),
        ]))
    _ = outer
    return net.model()
  }

  @Test("Branches are simplified in place and go on reading what they captured")
  func branches() throws {
    var net = Network()
    var model = conditional(nil, &net)
    let report = try Simplification().run(&model)
    #expect(report.applied.count == 2)
    let node = try model.node("if")
    #expect(node.subgraphs.map { $0.nodeIDs.count } == [1, 1])
    #expect(node.subgraphs.map(\.freeNames) == [["neg_out"], ["neg_out"]])
    try model.graph.checkInvariants()
  }

  @Test("An If whose condition is constant becomes its branch", arguments: [true, false])
  func constantCondition(truth: Bool) throws {
    var net = Network()
    let flag = net.constant("flag", Tensor(.bool, [], Storage([truth ? 1 : 0] as [UInt8])))
    var model = conditional(flag, &net)
    _ = try Simplification().run(&model)
    #expect(model.operators == ["Neg", truth ? "Relu" : "Sigmoid"])
    #expect(model.graph.outputs.map { model.graph[$0.value].name } == ["if_out"])
    #expect(try model.run().count == 1)
    try model.graph.checkInvariants()
  }

  /// A model that calls `acme.Twice(x; by) = Identity(x·k + by)` once in another function.
  private func functions() -> Model {
    var inner = Graph(name: "Twice")
    let x = inner.addFreshValue("x"), k = inner.addFreshValue("k")
    let p = inner.addFreshValue("p"), y = inner.addFreshValue("y")
    inner.addInput(ValueInfo(x, type: nil))
    inner.add(
      Node(
        "Constant", inputs: [], outputs: [k], attributes: [Attribute("value_float", .float(2))]))
    inner.add(Node("Mul", name: "mul", inputs: [x, k], outputs: [p]))
    inner.add(
      Node(
        "LeakyRelu", name: "leaky", inputs: [p], outputs: [y],
        attributes: [Attribute("alpha", .reference("slope"))]))
    inner.addOutput(ValueInfo(y, type: nil))
    var twice = Function(body: inner)
    twice.name = "Twice"
    twice.domain = "acme"
    twice.attributeNames = ["slope"]
    twice.opsetImports = [OpsetImport(domain: "", version: 17)]

    var outer = Graph(name: "Both")
    let a = outer.addFreshValue("x"), b = outer.addFreshValue("i"), c = outer.addFreshValue("y")
    outer.addInput(ValueInfo(a, type: nil))
    outer.add(Node("Identity", name: "id", inputs: [a], outputs: [b]))
    outer.add(
      Node(
        "Twice", domain: "acme", name: "call", inputs: [b], outputs: [c],
        attributes: [Attribute("slope", .float(0.25))]))
    outer.addOutput(ValueInfo(c, type: nil))
    var both = Function(body: outer)
    both.name = "Both"
    both.domain = "acme"
    both.opsetImports = twice.opsetImports + [OpsetImport(domain: "acme", version: 1)]

    var net = Network()
    let input = net.input("x", [1, 4])
    net.output(
      net.nodes("Both", "both", [input], domain: "acme", outputs: 1)[0], [1, 4])
    var model = net.model()
    model.opsetImports.append(OpsetImport(domain: "acme", version: 1))
    model.functions = [twice, both]
    return model
  }

  @Test("Functions are simplified in place; attributes that their callers give stay open")
  func functionsInPlace() throws {
    var model = functions()
    _ = try Simplification().run(&model)
    #expect(model.operators == ["Both"])
    let bodies = model.functions.map { body in body.body.nodeIDs.map { body.body[$0].type } }
    #expect(bodies[0].contains("LeakyRelu") && bodies[0].contains("Constant"))
    #expect(bodies[1] == ["Twice"])
    #expect(model.functions.allSatisfy { $0.body.initializers.isEmpty })
  }

  @Test("Calls are replaced by bodies, callers' attributes filled in, and the functions go")
  func inlining() throws {
    var model = functions()
    _ = try Simplification(FusionOptions(inlinesFunctions: true)).run(&model)
    #expect(model.operators == ["Mul", "LeakyRelu"])
    #expect(model.functions.isEmpty)
    #expect(model.graph.outputs.map { model.graph[$0.value].name } == ["both_out"])
    #expect(try model.node("both/call/leaky").attribute("alpha").map { "\($0)" } == "float(0.25)")
    #expect(try model.run().count == 1)
  }

  @Test("A function that calls itself is an error, not a crash")
  func recursion() throws {
    var model = functions()
    let call = try #require(model.functions[1].body.nodeIDs.last)
    model.functions[1].body[call].type = "Both"
    #expect(throws: ModelError.self) { try FunctionInlining().run(&model) }
  }

  @Test("An operator of ONNX Runtime's own needs its target")
  func target() throws {
    var net = Network()
    let x = net.input("x", [4])
    let root = net.constant("root", Tensor(floats: [Float(2).squareRoot()], []))
    let one = net.constant("one", Tensor(floats: [1], []))
    let half = net.constant("half", Tensor(floats: [0.5], []))
    let erf = net.node("Erf", "erf", [net.node("Div", "div", [x, root])])
    net.output(
      net.node(
        "Mul", "out", [net.node("Mul", "mul", [x, net.node("Add", "add", [erf, one])]), half])
    )
    let (plain, _) = try apply(try Simplification(), to: net.model())
    #expect(plain.operators.count == 5)
    let pass = try Simplification(FusionOptions(target: .onnxruntime))
    let (model, _) = try apply(pass, to: net.model())
    #expect(model.operators == ["Gelu"])
    #expect(try model.node("out").domain == "com.microsoft")
    #expect(model.opset(of: "com.microsoft") == 1)
  }
}
