import Execution
import IR
import Operators
import Passes
import TestSupport
import Testing

/// Models said in other versions of the operator set compute the same.
@Suite("Conversion between operator sets") struct OpsetConversionTests {
  private func model(_ network: Network, opset: Int) -> Model {
    Model(graph: network.graph, opset: opset)
  }

  /// Converts there, requires equal results, and gives the operators of the result.
  private func convert(_ model: Model, to opset: Int) throws -> [String] {
    let result = try OpsetConversion(to: opset).convert(model, provedBy: Verification())
    guard case .equal = result.proof else {
      Issue.record("not proved: \(result.proof)")
      return []
    }
    #expect(result.model.opset() == opset)
    let names = result.model.graph.nodeIDs.compactMap { result.model.graph[$0].name }
    #expect(Set(names).count == names.count, "\(names)")
    return result.model.graph.nodeIDs.map { result.model.graph[$0].type }
  }

  @Test("Softmax of several axes is taken along one, and back", arguments: [1, 2, 3])
  func softmax(axis: Int) throws {
    var network = Network()
    let x = network.input("x", [.known(2), .known(3), .known(4), .known(5)])
    network.output(network.node("Softmax", "s", [x], [Attribute("axis", .int(axis))]), nil)
    let old = model(network, opset: 11)
    let up = try convert(old, to: 13)
    #expect(up == (axis == 3 ? ["Softmax"] : ["Shape", "Flatten", "Softmax", "Reshape"]))
    let new = model(network, opset: 13)
    #expect(
      try convert(new, to: 11)
        == (axis == 3 ? ["Softmax"] : ["Transpose", "Softmax", "Transpose"]))
  }

  @Test("Attributes that say nothing go, and a part of the lengths is sliced")
  func lengths() throws {
    func reshaped(_ target: [Int]) -> Model {
      var network = Network()
      let x = network.input("x", [.known(2), .known(6)])
      let shape = network.constant("shape", Tensor(int64: target, [target.count]))
      network.output(
        network.node("Reshape", "y", [x, shape], [Attribute("allowzero", .int(1))]), nil)
      return model(network, opset: 18)
    }
    #expect(try convert(reshaped([3, -1]), to: 11) == ["Reshape"])
    #expect(throws: ModelError.self) { try convert(reshaped([0, 5]), to: 13) }
    for (start, end) in [(1, nil), (0, 2), (-2, -1)] as [(Int, Int?)] {
      var network = Network()
      let x = network.input("x", [.known(2), .known(3), .known(4)])
      let ends = end.map { [Attribute("end", .int($0))] } ?? []
      network.output(
        network.node("Shape", "y", [x], [Attribute("start", .int(start))] + ends), nil)
      #expect(try convert(model(network, opset: 18), to: 9) == ["Shape", "Slice"])
    }
  }

  @Test("Attributes become inputs, and constants attributes again")
  func operands() throws {
    var network = Network()
    let x = network.input("x", [.known(2), .known(1), .known(6)])
    let squeezed = network.node("Squeeze", "a", [x], [Attribute("axes", .ints([1]))])
    let sum = network.node("ReduceMean", "b", [squeezed], [Attribute("axes", .ints([-1]))])
    network.output(network.node("Clip", "c", [sum], [Attribute("min", .float(-0.25))]), nil)
    let old = model(network, opset: 7)
    let up = try OpsetConversion(to: 26).convert(old, provedBy: Verification())
    #expect(up.rewritten.count == 3)
    let back = try OpsetConversion(to: 7).convert(up.model, provedBy: Verification())
    let graph = back.model.graph
    #expect(graph.initializers.isEmpty)
    #expect(graph.nodeIDs.allSatisfy { graph[$0].inputs.count == 1 })
    // Axes that counted from the end have become those from the front.
    #expect(graph[graph.nodeIDs[1]].attribute("axes")?.says(.ints([1])) == true)
  }

  @Test("Where noise is nothing that a model takes, its proof looks for other inputs")
  func inputs() throws {
    var scales = Network()
    let picture = scales.input("x", [.known(1), .known(1), .known(4), .known(4)])
    let factors = scales.input("scales", [.known(4)])
    scales.output(scales.node("Upsample", "y", [picture, factors]), nil)
    #expect(try convert(model(scales, opset: 9), to: 13) == ["Resize"])
    var axes = Network()
    let row = axes.input("x", [.known(5)])
    let axis = axes.input("axis", TensorType(.int32, [1]))
    axes.output(axes.node("CumSum", "y", [row, axis]), nil)
    #expect(try convert(model(axes, opset: 11), to: 14) == ["CumSum"])
  }

  @Test("Where no inputs are found the proof says so")
  func noInputs() throws {
    var network = Network()
    let x = network.input("x", [.known(7)])
    let shape = network.input("shape", TensorType(.int64, [2]))
    network.output(network.node("Reshape", "y", [x, shape]), nil)
    let result = try OpsetConversion(to: 14).convert(
      model(network, opset: 9), provedBy: Verification())
    guard case .noInputs(let reason) = result.proof else {
      Issue.record("\(result.proof)")
      return
    }
    #expect(reason.contains("Reshape"))
  }

  @Test("Graphs inside nodes are converted too")
  func subgraph() throws {
    func branch(_ axis: Int) -> Attribute {
      var body = Graph(name: "branch")
      let x = body.addFreshValue("x"), y = body.addFreshValue("y\(axis)")
      body.add(
        Node(
          "Unsqueeze", name: "u\(axis)", inputs: [x], outputs: [y],
          attributes: [Attribute("axes", .ints([axis]))]))
      body.addOutput(ValueInfo(y, type: nil))
      return Attribute(axis == 0 ? "then_branch" : "else_branch", .graph(body))
    }
    var network = Network()
    let x = network.input("x", [.known(3)])
    let zero = network.constant("zero", Tensor(floats: [0], []))
    let sum = network.node("ReduceSum", "sum", [x], [Attribute("keepdims", .int(0))])
    let condition = network.node("Greater", "g", [sum, zero])
    network.output(network.node("If", "if", [condition], [branch(0), branch(1)]), nil)
    let result = try OpsetConversion(to: 21).convert(
      model(network, opset: 11), provedBy: Verification())
    #expect(result.rewritten == ["Unsqueeze 'u0'", "Unsqueeze 'u1'"])
    guard case .equal = result.proof else {
      Issue.record("not proved: \(result.proof)")
      return
    }
  }

  @Test("What callers of a function give stays theirs to give")
  func function() throws {
    var body = Graph(name: "f")
    let x = body.addFreshValue("x"), y = body.addFreshValue("y")
    body.addInput(ValueInfo(x, type: nil))
    body.add(
      Node(
        "ReduceSum", name: "r", inputs: [x], outputs: [y],
        attributes: [Attribute("axes", .reference("axes"))]))
    body.addOutput(ValueInfo(y, type: nil))
    var function = Function(body: body)
    (function.name, function.domain) = ("Total", "local")
    function.attributeNames = ["axes"]
    function.opsetImports = [OpsetImport(domain: nil, version: 12)]
    var network = Network()
    let input = network.input("x", [.known(2), .known(3)])
    let outputs = network.nodes(
      "Total", "t", [input], [Attribute("axes", .ints([1]))], domain: "local", outputs: 1)
    network.output(outputs[0], nil)
    var model = model(network, opset: 12)
    model.functions = [function]
    model.opsetImports.append(OpsetImport(domain: "local", version: 1))
    let result = try OpsetConversion(to: 21).convert(model, provedBy: Verification())
    #expect(result.model.functions[0].opsetImports.version(of: "") == 21)
    #expect(result.rewritten == ["ReduceSum 'r'"])
    guard case .equal = result.proof else {
      Issue.record("not proved: \(result.proof)")
      return
    }
  }

  @Test("What a version cannot say is declined by name")
  func declined() throws {
    var network = Network()
    let x = network.input("x", [.known(2), .known(8)])
    let gelu = network.node("Gelu", "gelu", [x])
    network.output(network.node("HardSwish", "swish", [gelu]), nil)
    let model = model(network, opset: 20)
    do {
      _ = try OpsetConversion(to: 13).convert(model)
      Issue.record("expected an error")
    } catch {
      #expect(error.code == .unsupported)
      #expect(error.message.contains("Gelu 'gelu': the operator came with operator set 20"))
      #expect(error.message.contains("HardSwish 'swish'"))
    }
    #expect(throws: ModelError.self) { try OpsetConversion(to: 6) }
    #expect(throws: ModelError.self) { try OpsetConversion(to: OperatorSets.newest + 1) }
  }

  @Test("A mask that nothing reads goes with the version that gave it another type")
  func mask() throws {
    var network = Network()
    let x = network.input("x", [.known(2), .known(8)])
    let outputs = network.nodes("Dropout", "drop", [x], [], outputs: 2)
    let type = TensorType(.float, Shape([.known(2), .known(8)]))
    network.graph.setType(outputs[1], .tensor(type))
    network.output(network.node("Relu", "r", [outputs[0]]), nil)
    let old = model(network, opset: 9)
    let result = try OpsetConversion(to: 21).convert(old, provedBy: Verification())
    #expect(result.rewritten == ["Dropout 'drop'"])
    #expect(result.model.graph[result.model.graph.nodeIDs[0]].outputs.count == 1)
  }

  @Test("A model that says nothing else is as it was")
  func unchanged() throws {
    var network = Network()
    let x = network.input("x", [.known(2), .known(8)])
    network.output(network.node("Relu", "r", [x]), nil)
    let result = try OpsetConversion(to: 26).convert(model(network, opset: 9))
    #expect(result.rewritten.isEmpty)
    #expect(result.model.irVersion == 13)
  }
}

extension Network {
  /// An input of another type than float.
  fileprivate mutating func input(_ name: String, _ type: TensorType) -> ValueID {
    let id = graph.addFreshValue(name, type: .tensor(type))
    graph.addInput(ValueInfo(id, type: .tensor(type)))
    return id
  }
}
