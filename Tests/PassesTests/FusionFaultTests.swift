import Execution
import IR
import Operators
import Passes
import TestSupport
import Testing

/// Rewrites that would change a result for some inputs.
@Suite struct FusionFaultTests {
  /// `f(f(x, a), b)` for scalars.
  private func pair(_ first: String, _ a: Float, _ second: String, _ b: Float) -> Model {
    var net = Network()
    let x = net.input("x", [2, 3])
    let p = net.node(first, "p", [x, net.constant("a", Tensor(floats: [a], []))])
    net.output(net.node(second, "q", [p, net.constant("b", Tensor(floats: [b], []))]), [2, 3])
    return net.model()
  }

  @Test("Constants are joined only where nothing overflows, vanishes or is rounded in between")
  func constants() throws {
    for (first, a, second, b) in [
      ("Mul", 1e20, "Mul", 1e20), ("Mul", 1e-30, "Mul", 1e-30), ("Mul", 1e30, "Div", 1e30),
      ("Add", 0x1.8p23, "Sub", 0x1.8p23), ("Add", 100, "Sub", 99), ("Add", 3e38, "Add", 3e38),
    ] as [(String, Float, String, Float)] {
      let model = pair(first, a, second, b)
      let (result, report) = try apply(try rules("merge-constants"), to: model)
      #expect(result.operators == [first, second], "\(first) \(a), \(second) \(b)")
      #expect(report.declined.count == 1)
    }
    for (first, a, second, b) in [
      ("Mul", 2, "Mul", 3), ("Mul", 1e9, "Div", 10), ("Add", 3, "Sub", 1), ("Add", 0.5, "Add", 1e6),
    ] as [(String, Float, String, Float)] {
      let (result, _) = try apply(
        try rules("merge-constants", "remove-dead-code"), to: pair(first, a, second, b))
      #expect(result.operators.count == 1, "\(first) \(a), \(second) \(b)")
    }
  }

  @Test("A scale that would overflow a weight, or all of it vanish, stays")
  func scales() throws {
    for (weight, scale) in [(1e20, 1e20), (1e-25, 1e-25)] as [(Float, Float)] {
      var net = Network()
      let x = net.input("x", [1, 1, 3, 3])
      let w = net.constant("w", Tensor(floats: Array(repeating: weight, count: 9), [1, 1, 3, 3]))
      let c = net.node("Conv", "c", [x, w])
      net.output(net.node("Mul", "y", [c, net.constant("k", Tensor(floats: [scale], []))]))
      let (result, report) = try apply(try rules("fold-scale-shift"), to: net.model())
      #expect(result.operators == ["Conv", "Mul"])
      #expect(report.declined.map(\.text) == ["the weight would overflow or vanish"])
    }
  }

  @Test("A Cast to text keeps the type that the text is made of", arguments: [1, 11, 10, 6, 3])
  func texts(through: Int) throws {
    var net = Network()
    let type = ValueType.tensor(TensorType(.uint8, [2]))
    let x = net.graph.addFreshValue("x", type: type)
    net.graph.addInput(ValueInfo(x, type: type))
    let a = net.node("Cast", "a", [x], [Attribute("to", .int(through))])
    net.output(net.node("Cast", "b", [a], [Attribute("to", .int(8))]))
    let (result, _) = try apply(try rules("merge-casts", "remove-dead-code"), to: net.model())
    // 8-bit integers with a sign do not hold every value.
    #expect(result.operators.count == (through == 6 ? 1 : 2))
  }

  @Test("Reshapes keep running on an empty batch")
  func emptyBatches() throws {
    var net = Network()
    let x = net.input(
      "x",
      [.symbolic(SymbolicExpression(symbol: "N")), 4, .symbolic(SymbolicExpression(symbol: "T"))])
    let f = net.node("Flatten", "f", [x], [Attribute("axis", .int(1))])
    let axes = net.integers("ax", [2])
    let u = net.node("Unsqueeze", "u", [f, axes])
    net.output(net.node("Squeeze", "s", [u, axes]))
    var model = net.model()
    _ = try Simplify.proved(model, FusionOptions(), Verification())
    _ = try PassManager(Simplify.passes()).run(&model)
    let empty = Tensor(floats: [], [0, 4, 2])
    let results = try Session(model).run(["x": empty])
    #expect(results.values.first?.dimensions == [0, 8])
  }

  @Test("Files do not grow unasked")
  func growth() throws {
    var net = Network()
    let x = net.input("x", [1])
    let c = net.node("ConstantOfShape", "c", [net.integers("s", [100, 100, 1000])])
    net.output(net.node("Add", "y", [x, c]))
    var model = net.model()
    _ = try PassManager(Simplify.passes()).run(&model)
    #expect(model.graph.constantBytes < 1 << 20)
    _ = try PassManager(Simplify.passes(FusionOptions(growthLimit: 1 << 26))).run(&model)
    #expect(model.graph.constantBytes > 1 << 20)
  }

  @Test("Constants that are listed as inputs are named, and fixed when asked for")
  func overridable() throws {
    var net = Network()
    let x = net.input("x", [1, 2, 4, 4])
    let h = net.conv("c", x, 2, 3)
    net.output(net.batchNormalization("bn", h, 3), [1, 3, 4, 4])
    var model = net.model(irVersion: 8)
    for id in model.graph.initializers {
      guard let tensor = model.graph[id].initializer else { continue }
      model.graph.addInput(ValueInfo(id, type: .tensor(tensor.type)))
    }
    let (same, report) = try apply(try rules("fold-batch-normalization"), to: model)
    #expect(same.operators == ["Conv", "BatchNormalization"])
    #expect(
      report.declined.map(\.text) == ["'c.w' is also listed as an input and may be overridden"])
    _ = try PassManager(Simplify.passes(FusionOptions(fixesConstantInputs: true))).run(&model)
    #expect(model.operators == ["Conv"])
    #expect(model.graph.inputs.count == 1)
  }

  @Test("Texts are compared as such")
  func strings() throws {
    var net = Network()
    let x = net.input("x", [.symbolic(SymbolicExpression(symbol: "N")), 2])
    let axis = [Attribute("axis", .int(1)), Attribute("keepdims", .int(0))]
    let i = net.node("ArgMax", "i", [x], axis)
    let labels = net.constant("l", Tensor(strings: [Array("cat".utf8), Array("dog".utf8)], [2]))
    let j = net.node("Identity", "j", [i])
    net.output(net.node("Gather", "label", [labels, j]))
    let proved = try Simplify.proved(net.model(), FusionOptions(), Verification())
    #expect(proved.model.operators == ["ArgMax", "Gather"])
    #expect(proved.rolledBack.isEmpty)
  }
}
