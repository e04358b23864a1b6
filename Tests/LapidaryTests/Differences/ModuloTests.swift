import Lapidary
import Passes
import TestSupport
import Testing

/// Models that are spelled differently and are the same.
@Suite("Differences modulo a spelling") struct ModuloTests {
  /// Operators whose spelling versions changed: attributes that became operands, Softmax of several axes.
  private func model(opset: Int, _ attributes: [String: [Attribute]] = [:]) -> Model {
    var network = Network()
    network.attributes = attributes
    let x = network.input("x", [.known(2), .known(1), .known(6), .known(4)])
    let squeezed = network.node("Squeeze", "squeezed", [x], [Attribute("axes", .ints([1]))])
    let soft = network.node("Softmax", "soft", [squeezed], [Attribute("axis", .int(1))])
    let mean = network.node("ReduceMean", "mean", [soft], [Attribute("axes", .ints([1]))])
    network.output(network.node("Clip", "clip", [mean], [Attribute("min", .float(0.1))]))
    return Model(graph: network.graph, opset: opset)
  }

  @Test("a model raised to another operator set is the same modulo opset", arguments: [9, 13, 21])
  func opset(version: Int) throws {
    let old = model(opset: 7)
    let new = try OpsetConversion(to: version).convert(old).model
    #expect(try ModelDiff().compare(old, new).differs)
    for (a, b) in [(old, new), (new, old)] {
      let found = try ModelDiff(modulo: [.opset]).compare(a, b)
      #expect(!found.differs, "\(found.failing)")
    }
  }

  @Test("what else changed with the operator set is named")
  func changed() throws {
    let old = model(opset: 7)
    let raised = try OpsetConversion(to: 21)
      .convert(model(opset: 7, ["clip": [Attribute("min", .float(0.2))]])).model
    let found = try ModelDiff(modulo: [.opset]).compare(old, raised)
    #expect(found.failing.map(\.kind) == [.weight], "\(found.failing)")
  }

  @Test("axes may be counted from either end", arguments: [Modulo.opset, .shapes])
  func axes(word: Modulo) throws {
    func model(_ axes: [Int], _ axis: Int?) -> Model {
      var network = Network()
      let x = network.input("x", [.known(2), .known(3), .known(4)])
      let list = network.constant("axes", Tensor(int64: axes, [axes.count]))
      let mean = network.node("ReduceMean", "mean", [x, list], [Attribute("keepdims", .int(1))])
      let attributes = axis.map { [Attribute("axis", .int($0))] } ?? []
      network.output(network.node("Softmax", "soft", [mean], attributes))
      return Model(graph: network.graph, opset: 18)
    }
    let (front, end) = (model([1], 2), model([-2], nil))
    #expect(try ModelDiff().compare(front, end).differs)
    #expect(!(try ModelDiff(modulo: [word]).compare(front, end).differs))
    #expect(try ModelDiff(modulo: [word]).compare(front, model([1], 1)).differs)
    #expect(try ModelDiff(modulo: [word]).compare(front, model([-1], 2)).differs)
  }

  @Test("a bias of zeros may be written down modulo constants")
  func zeroBias() throws {
    func model(_ bias: [Float]?) -> Model {
      var network = Network()
      let x = network.input("x", [.known(1), .known(2), .known(4)])
      var operands: [ValueID?] = [x, network.weight("w", [3, 2, 1], seed: 1)]
      if let bias { operands.append(network.constant("b", Tensor(floats: bias, [bias.count]))) }
      network.output(network.node("Conv", "conv", operands))
      return Model(graph: network.graph, opset: 17)
    }
    let (without, zeros) = (model(nil), model([0, 0, 0]))
    #expect(try ModelDiff().compare(without, zeros).differs)
    #expect(!(try ModelDiff(modulo: [.constants]).compare(without, zeros).differs))
    #expect(try ModelDiff(modulo: [.constants]).compare(without, model([0, 1, 0])).differs)
  }

  @Test("a global average is a mean", arguments: [17, 18])
  func globalAverage(opset: Int) throws {
    func model(_ isPool: Bool) -> Model {
      var network = Network()
      let x = network.input("x", [.known(1), .known(2), .known(4), .known(3)])
      let shape = network.constant("shape", Tensor(int64: [1, 2], [2]))
      if isPool {
        let mean = network.node("GlobalAveragePool", "pool", [x])
        network.output(network.node("Flatten", "flat", [mean]))
      } else {
        let axes = network.constant("axes", Tensor(int64: [-1, -2], [2]))
        let mean =
          opset < 18
          ? network.node("ReduceMean", "mean", [x], [Attribute("axes", .ints([2, 3]))])
          : network.node("ReduceMean", "mean", [x, axes])
        network.output(network.node("Reshape", "flat", [mean, shape]))
      }
      return Model(graph: network.graph, opset: opset)
    }
    #expect(try ModelDiff().compare(model(true), model(false)).differs)
    let found = try ModelDiff(modulo: [.shapes]).compare(model(true), model(false))
    #expect(!found.differs, "\(found.text())")
  }

  @Test("models in one operator set need no conversion, and what none can say is an error")
  func declined() throws {
    var (a, b) = (model(opset: 7), model(opset: 7))
    func addUnknown(to model: inout Model, named name: String) {
      let output = model.graph.outputs[0].value
      let odd = model.graph.addFreshValue("odd")
      model.graph.add(Node("NoSuchOperator", name: name, inputs: [output], outputs: [odd]))
      model.graph.addOutput(ValueInfo(odd, type: nil))
    }
    addUnknown(to: &a, named: "first")
    addUnknown(to: &b, named: "second")
    #expect(!(try ModelDiff(modulo: [.opset]).compare(a, b).differs))
    b.opsetImports[0].version = 9
    let error = #expect(throws: ModelError.self) {
      try ModelDiff(modulo: [.opset]).compare(a, b)
    }
    #expect(error?.notes.first?.contains("operator sets 7 and 9") == true)
  }
}
