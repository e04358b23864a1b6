import IR
import Passes
import TestSupport
import Testing

/// Cleaning up: what goes, what stays, and why.
@Suite struct CleanupTests {
  @Test("A Constant node becomes an initializer of the same name; one that is an output stays")
  func constantsToInitializers() throws {
    var net = Network()
    net.constantNodes = ["w", "c"]
    let x = net.input("x", [1, 3])
    let w = net.weight("w", [3], seed: 1)
    let c = net.weight("c", [2], seed: 2)
    net.output(net.node("Add", "add", [x, w]), [1, 3])
    net.output(c, [2])
    let (model, report) = try apply(rules("constants-to-initializers"), to: net.model())
    #expect(model.operators == ["Constant", "Add"])
    #expect(model.constant("w")?.floats?.count == 3)
    #expect(model.constant("c") == nil)
    #expect(report.applied.map(\.node) == ["Constant 'w'"])
  }

  @Test("Identity and Dropout go; readers read what they read")
  func identityRemoval() throws {
    var net = Network()
    let x = net.input("x", [1, 4])
    let a = net.node("Identity", "id", [x])
    let b = net.node("Dropout", "drop", [net.node("Relu", "relu", [a])])
    net.output(net.node("Neg", "neg", [b]), [1, 4])
    let (model, report) = try apply(rules("remove-identities"), to: net.model())
    #expect(model.operators == ["Relu", "Neg"])
    #expect(try model.node("relu").inputs == [model.graph.value(named: "x")])
    #expect(report.applied.map(\.node) == ["Identity 'id'", "Dropout 'drop'"])
  }

  @Test("An identity before an output goes, and the output keeps its name and other readers")
  func identityBeforeOutput() throws {
    var net = Network()
    let x = net.input("x", [1, 4])
    let a = net.node("Relu", "relu", [x])
    let y = net.node("Identity", "id", [a])
    net.output(y, [1, 4])
    net.output(net.node("Neg", "neg", [a]), [1, 4])
    let (model, _) = try apply(rules("remove-identities"), to: net.model())
    #expect(model.operators == ["Relu", "Neg"])
    #expect(model.graph.outputs.map { model.graph[$0.value].name } == ["id_out", "neg_out"])
    #expect(try model.node("relu").outputs == [model.graph.value(named: "id_out")])
    #expect(try model.node("neg").inputs == [model.graph.value(named: "id_out")])
  }

  @Test("An identity that joins an input, or one output, to an output stays")
  func identityBetweenContracts() throws {
    var net = Network()
    let x = net.input("x", [1, 4])
    net.output(net.node("Identity", "id", [x]), [1, 4])
    let a = net.node("Relu", "relu", [x])
    net.output(a, [1, 4])
    net.output(net.node("Identity", "copy", [a]), [1, 4])
    let (model, report) = try apply(rules("remove-identities"), to: net.model())
    #expect(model.operators == ["Identity", "Relu", "Identity"])
    #expect(
      report.declined.map(\.text) == [
        "'id_out' is a graph output", "'copy_out' is a graph output",
      ])
  }

  @Test("An identity whose result a subgraph reads by name stays")
  func capturedIdentity() throws {
    var body = Graph(name: "then")
    let outer = body.addFreshValue("id_out")
    let result = body.addFreshValue("then_out")
    body.add(Node("Neg", inputs: [outer], outputs: [result]))
    body.addOutput(ValueInfo(result, type: nil))
    var net = Network()
    let x = net.input("x", [1, 4])
    _ = net.node("Identity", "id", [x])
    let condition = net.constant("condition", Tensor(.bool, [], Storage([1 as UInt8])))
    net.output(
      net.node(
        "If", "if", [condition],
        [Attribute("then_branch", .graph(body)), Attribute("else_branch", .graph(body))]))
    var model = net.model()
    let report = try rules("remove-identities").run(&model)
    #expect(model.operators == ["Identity", "If"])
    #expect(report.declined.map(\.text) == ["a subgraph reads 'id_out'"])
    try model.graph.checkInvariants()
  }

  @Test("A Dropout whose mask is read stays")
  func dropoutMask() throws {
    var net = Network()
    let x = net.input("x", [1, 4])
    let both = net.nodes("Dropout", "drop", [x], outputs: 2)
    net.output(net.node("Neg", "neg", [both[0]]), [1, 4])
    net.output(net.node("Cast", "cast", [both[1]], [Attribute("to", .int(1))]), [1, 4])
    let (model, report) = try apply(rules("remove-identities"), to: net.model())
    #expect(model.operators.contains("Dropout"))
    #expect(report.declined.map(\.text) == ["'drop_out_2' is used"])
  }

  @Test("Constant arithmetic is computed, chains included")
  func constantFolding() throws {
    var net = Network()
    let x = net.input("x", [1, 3])
    let a = net.constant("a", Tensor(floats: [1, 2, 3], [3]))
    let b = net.constant("b", Tensor(floats: [10, 20, 30], [3]))
    let sum = net.node("Neg", "neg", [net.node("Add", "add", [a, b])])
    net.output(net.node("Mul", "mul", [x, sum]), [1, 3])
    let (model, _) = try apply(rules("fold-constants"), to: net.model())
    #expect(model.operators == ["Mul"])
    #expect(model.constant("neg_out")?.floats == [-11, -22, -33])
  }

  @Test("A result larger than the budget and than what it frees is declined")
  func foldingBudget() throws {
    var net = Network()
    let x = net.input("x", [16, 16])
    let small = net.constant("small", Tensor(floats: [2], [1, 1]))
    let shape = net.integers("shape", [16, 16])
    let large = net.node("Expand", "expand", [small, shape])
    net.output(net.node("Mul", "mul", [x, large]), [16, 16])
    let (kept, report) = try apply(rules("fold-constants", growth: 256), to: net.model())
    #expect(kept.operators == ["Expand", "Mul"])
    #expect(
      report.declined == [
        .init(
          node: "Expand 'expand'",
          text: "its result of 1024 bytes would make the file grow by more than is allowed",
          rule: "fold-constants")
      ])
    let (folded, _) = try apply(rules("fold-constants", growth: 1024), to: net.model())
    #expect(folded.operators == ["Mul"])
  }

  @Test("A result that takes no more than the constants it frees is kept, whatever the budget")
  func foldingFrees() throws {
    var net = Network()
    let x = net.input("x", [8, 8])
    let w = net.weight("w", [8, 8], seed: 3)
    let turned = net.node("Transpose", "turn", [w], [Attribute("perm", .ints([1, 0]))])
    net.output(net.node("MatMul", "mul", [x, turned]), [8, 8])
    #expect(
      try apply(rules("fold-constants", growth: 0), to: net.model()).model.operators == ["MatMul"])
    // With another reader the weight has to stay, so folding would only add bytes.
    net.output(net.node("MatMul", "again", [x, w]), [8, 8])
    let (model, report) = try apply(rules("fold-constants", growth: 0), to: net.model())
    #expect(model.operators == ["Transpose", "MatMul", "MatMul"])
    #expect(report.declined.count == 1)
  }

  @Test("Quantized weights, overridable initializers and graph outputs are not folded")
  func notFolded() throws {
    var net = Network()
    let x = net.input("x", [1, 4])
    let scale = net.constant("scale", Tensor(floats: [0.5], []))
    let zero = net.constant("zero", Tensor(.int8, [], Storage([0 as Int8])))
    let stored = net.constant("stored", Tensor(.int8, [4], Storage([1, 2, 3, 4] as [Int8])))
    let weight = net.node("DequantizeLinear", "dq", [stored, scale, zero])
    let optional = net.input("optional", [4])
    net.graph.setInitializer(optional, Tensor(floats: [1, 1, 1, 1], [4]))
    let negative = net.node("Neg", "neg", [optional])
    net.output(
      net.node("Add", "add2", [net.node("Add", "add", [x, weight]), negative]), [1, 4])
    net.output(net.node("Neg", "out", [net.weight("c", [2], seed: 1)]), [2])
    let (model, _) = try apply(rules("fold-constants"), to: net.model())
    #expect(model.operators == ["DequantizeLinear", "Neg", "Add", "Add", "Neg"])
  }

  @Test("Nodes, initializers and declarations that nothing reads go; the graph's inputs stay")
  func deadCode() throws {
    var net = Network()
    let x = net.input("x", [1, 4])
    _ = net.input("unused", [1])
    let a = net.node("Relu", "dead1", [x])
    let b = net.node("Add", "dead2", [a, net.weight("w", [4], seed: 1)])
    net.graph.valueInfos.append(ValueInfo(b, type: .tensor(TensorType(.float, [1, 4]))))
    net.output(net.node("Neg", "neg", [x]), [1, 4])
    let (model, report) = try apply(rules("remove-dead-code"), to: net.model())
    #expect(model.operators == ["Neg"])
    #expect(model.graph.initializers.isEmpty)
    #expect(model.graph.valueInfos.isEmpty)
    #expect(model.graph.inputs.count == 2)
    #expect(
      report.applied.map(\.node) == ["Add 'dead2'", "Relu 'dead1'", "initializer 'w'"])
  }

  @Test("Before IR version 4 unused initializers go although they are declared as inputs")
  func deadInputsOfOldModels() throws {
    var net = Network()
    let x = net.input("x", [1, 4])
    let w = net.input("w", [4])
    net.graph.setInitializer(w, Tensor(floats: [1, 2, 3, 4], [4]))
    net.output(net.node("Neg", "neg", [x]), [1, 4])
    #expect(try apply(rules("remove-dead-code"), to: net.model()).model.graph.inputs.count == 2)
    let (old, _) = try apply(rules("remove-dead-code"), to: net.model(opset: 8, irVersion: 3))
    #expect(old.graph.inputs.map { old.graph[$0.value].name } == ["x"])
    #expect(old.graph.initializers.isEmpty)
  }
}
