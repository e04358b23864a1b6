import IR
import Reports
import TestSupport
import Testing

@Suite("Semantic diff of subgraphs and functions")
struct DiffSubgraphTests {
  /// `if c then relu(x) + w else neg(x)`, where `w` lies outside.
  static func conditional(prefix: String = "", offset: Float = 1, then: String = "Relu") -> Model {
    func branch(_ op: String, adding: Bool) -> Graph {
      var body = Graph(name: prefix + "body")
      let x = body.addFreshValue("x")
      var y = body.addFreshValue(prefix + "inner")
      body.add(Node(op, name: prefix + op, inputs: [x], outputs: [y]))
      if adding {
        let w = body.addFreshValue(prefix + "w")
        let sum = body.addFreshValue(prefix + "sum")
        body.add(Node("Add", name: prefix + "plus", inputs: [y, w], outputs: [sum]))
        y = sum
      }
      body.addOutput(ValueInfo(y, type: nil))
      return body
    }
    var net = Network(prefix: prefix)
    let condition = net.graph.addFreshValue("c")
    net.graph.addInput(ValueInfo(condition, type: .tensor(TensorType(.bool, [Int]()))))
    _ = net.input("x", [2])
    _ = net.graph.addInitializer(prefix + "w", Tensor(floats: [offset, 2], [2]))
    let y = net.node(
      "If", "if", [condition],
      [
        Attribute("then_branch", .graph(branch(then, adding: true))),
        Attribute("else_branch", .graph(branch("Neg", adding: false))),
      ])
    net.output(y, [2])
    return net.model()
  }

  @Test("names inside subgraphs do not count")
  func renamed() {
    let report = diff(Self.conditional(), Self.conditional(prefix: "o_"))
    #expect(!report.differs)
    #expect(report.matchedNodes == 4)
  }

  @Test("a captured weight is compared where it is read")
  func captured() throws {
    let report = diff(Self.conditional(), Self.conditional(prefix: "o_", offset: 3))
    let hunk = try #require(report.failing.first { !$0.path.isEmpty })
    #expect(hunk.kind == .weight)
    #expect(hunk.path == ["If 'if'.then_branch"])
    #expect(hunk.a == "Add 'plus', input 1 'w'")
  }

  @Test("another operator inside a branch is found")
  func changed() {
    let report = diff(Self.conditional(), Self.conditional(then: "Abs"))
    #expect(report.failing.map(\.kind) == [.removed, .inserted])
    #expect(report.failing.allSatisfy { $0.path == ["If 'if'.then_branch"] })
  }

  @Test("function bodies and defaults are compared")
  func functions() {
    func model(_ op: String, alpha: Float) -> Model {
      var net = Network()
      net.output(net.node("Twice", "call", [net.input("x", [2])]), [2])
      var body = Network(prefix: "f_")
      body.output(body.node(op, "op", [body.input("x", [2])]), [2])
      var function = Function(body: body.graph)
      function.name = "Twice"
      function.domain = "local"
      function.attributeDefaults = [Attribute("alpha", .float(alpha))]
      var model = net.model()
      model.functions = [function]
      return model
    }
    #expect(!diff(model("Relu", alpha: 1), model("Relu", alpha: 1)).differs)
    #expect(
      diff(model("Relu", alpha: 1), model("Relu", alpha: 2)).failing.map(\.kind) == [.attribute])
    let report = diff(model("Relu", alpha: 1), model("Neg", alpha: 1))
    #expect(report.failing.map(\.path) == [["function local.Twice"], ["function local.Twice"]])
  }
}
