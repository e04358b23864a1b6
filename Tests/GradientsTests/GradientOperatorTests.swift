import Execution
import Gradients
import IR
import OneDNN
import Operators
import Passes
import Testing

/// ONNX's preview operator Gradient, in whose place sessions put the nodes of the derivative.
@Suite("Gradient as an operator")
struct GradientOperatorTests {
  private var graph = Graph(name: "g")
  private let type = ValueType.tensor(TensorType(.float, [2]))

  private mutating func input(_ name: String) -> ValueID {
    let value = graph.addFreshValue(name)
    graph.addInput(ValueInfo(value, type: type))
    return value
  }

  private mutating func apply(_ op: String, _ inputs: [ValueID], _ name: String) -> ValueID {
    let value = graph.addFreshValue(name)
    graph.add(Node(op, inputs: inputs, outputs: [value]))
    return value
  }

  private mutating func derivatives(
    of y: String, by xs: [String], holding zs: [String] = [], at inputs: [ValueID]
  ) -> [ValueID] {
    let outputs = xs.map { graph.addFreshValue("d_\($0)") }
    func names(_ all: [String]) -> AttributeValue { .strings(all.map { Array($0.utf8) }) }
    graph.add(
      Node(
        "Gradient", domain: "ai.onnx.preview.training", inputs: inputs, outputs: outputs,
        attributes: [
          Attribute("xs", names(xs)), Attribute("zs", names(zs)),
          Attribute("y", .string(Array(y.utf8))),
        ]))
    return outputs
  }

  private mutating func model(giving outputs: [ValueID]) -> Model {
    for output in outputs { graph.addOutput(ValueInfo(output, type: nil)) }
    var model = Model(graph: graph)
    model.opsetImports.append(OpsetImport(domain: "ai.onnx.preview.training", version: 1))
    return model
  }

  private func run(_ model: Model, _ inputs: [String: [Float]]) throws -> [String: [Float]] {
    try Session(model, options: SessionOptions(backend: .reference))
      .run(inputs.mapValues { Tensor(floats: $0, [2]) }).mapValues { $0.floats ?? [] }
  }

  @Test("What is held does not change, and inputs may be others than the values named")
  mutating func held() throws {
    let a = input("a"), b = input("b"), other = input("other")
    let s = apply("Mul", [a, a], "s")
    _ = apply("Mul", [s, b], "y")
    // y = s·b with s held: nothing by a; at other values of b and s.
    let found = derivatives(of: "y", by: ["b"], holding: ["s"], at: [b, other])
    let whole = derivatives(of: "y", by: ["a"], holding: ["b"], at: [other, b])
    let none = derivatives(of: "y", by: ["a"], holding: ["s", "b"], at: [a, s, b])
    let results = try run(
      model(giving: found + whole + none), ["a": [2, 3], "b": [5, 7], "other": [11, 13]])
    #expect(results["d_b"] == [11, 13])
    #expect(results["d_a"] == [2 * 11 * 5, 2 * 13 * 7])
    #expect(results["d_a_2"] == [0, 0])
  }

  @Test("A derivative has derivatives")
  mutating func twice() throws {
    let x = input("x")
    let square = apply("Mul", [x, x], "square")
    _ = apply("Mul", [square, x], "cube")
    _ = derivatives(of: "cube", by: ["x"], at: [x])
    let second = derivatives(of: "d_x", by: ["x"], at: [x])
    let results = try run(model(giving: second), ["x": [2, 5]])
    #expect(results["d_x_2"] == [12, 30])
  }

  @Test("A value that is not there, and a node without a derivative, are named")
  mutating func obstacles() throws {
    let x = input("x")
    let rounds = graph.addFreshValue("counted")
    graph.add(Node("Unique", name: "sorts", inputs: [x], outputs: [rounds]))
    let missing = derivatives(of: "nothing", by: ["x"], at: [x])
    var error = #expect(throws: ModelError.self) { try run(model(giving: missing), ["x": [1, 2]]) }
    #expect(error?.message.contains("expected a value 'nothing' of the graph") == true)
    graph.remove(try #require(graph.nodeIDs.last))
    graph.removeOutputs()
    let sorted = derivatives(of: "counted", by: ["x"], at: [x])
    error = #expect(throws: ModelError.self) { try run(model(giving: sorted), ["x": [1, 2]]) }
    #expect(error?.message.contains("Unique 'sorts' has no derivative") == true)
  }

  @Test("fuse leaves a graph whose values are named as it is, and says so")
  mutating func fusing() throws {
    let x = input("x")
    let same = apply("Identity", [x], "same")
    let y = apply("Mul", [same, same], "y")
    let found = derivatives(of: "y", by: ["same"], at: [same])
    var model = model(giving: [y] + found)
    let report = try Simplification().run(&model)
    #expect(report.applied.isEmpty)
    #expect(report.declined.first?.text == "it names values of the graph, which stays as it is")
    #expect(model.graph.nodeCount == 3)
  }
}
