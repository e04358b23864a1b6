import IR
import Reports
import TestSupport
import Testing

@Suite("Cost and summary")
struct CostTests {
  @Test("MACs and parameters of two convolutions, for one sample")
  func residual() throws {
    let cost = try CostReport(Network.residual())
    #expect(cost.macs == 2 * 8 * 8 * 4 * 4 * 9)
    #expect(cost.parameters == 2 * (4 * 4 * 9 + 4))
    #expect(cost.weightBytes == 4 * cost.parameters)
    #expect(cost.operators.first?.op.description == "Conv")
    #expect(cost.operators.first?.count == 2)
    #expect(cost.uncounted.isEmpty)
  }

  @Test("a bound dimension multiplies the MACs")
  func binding() throws {
    let one = try CostReport(Network.residual()).macs
    #expect(try CostReport(Network.residual(), binding: ["N": 5]).macs == 5 * one)
  }

  @Test("a batch that is written into the graph is what MACs are counted at")
  func bakedBatch() throws {
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 6])
    let shape = net.graph.addInitializer("s", Tensor(int64: [4, 2, 3], [3]))
    let rows = net.node("Reshape", "r", [x, shape])
    net.output(net.node("MatMul", "m", [rows, net.weight("w", [3, 5], seed: 1)]), [4, 2, 5])
    let cost = try CostReport(net.model())
    #expect(cost.macs == 4 * 2 * 3 * 5)
    #expect(cost.assumed.map(\.name) == ["N"] && cost.assumed.map(\.length) == [4])
  }

  @Test("weights in Constant nodes count, numbers of formulas do not")
  func constants() throws {
    func model(asNodes: Bool) -> Model {
      var net = Network()
      if asNodes { net.constantNodes = ["w", "half"] }
      let x = net.input("x", [1, 2, 4, 4])
      let w = net.weight("w", [2, 2, 1, 1], seed: 1)
      let half = net.weight("half", [1], seed: 2)
      net.output(net.node("Add", "a", [net.node("Conv", "c", [x, w]), half]), [1, 2, 4, 4])
      return net.model()
    }
    #expect(try CostReport(model(asNodes: false)).parameters == 4)
    #expect(try CostReport(model(asNodes: true)).parameters == 4)
    #expect(try CostReport(model(asNodes: true)).weightBytes == 20)
  }

  @Test("quantized weights count as much as the float ones, scales and zero-points do not")
  func quantized() throws {
    var net = Network()
    let x = net.input("x", [1, 2, 4, 4])
    let bytes = Tensor(.int8, [2, 2, 1, 1], Storage([1, -2, 3, -4] as [Int8]))
    let w = net.graph.addInitializer("w", bytes)
    let scale = net.graph.addInitializer("s", Tensor(floats: [0.1, 0.2], [2]))
    let zero = net.graph.addInitializer("z", Tensor(.int8, [2], Storage([0, 0] as [Int8])))
    let floats = net.node("DequantizeLinear", "dq", [w, scale, zero], [Attribute("axis", .int(0))])
    net.output(net.node("Conv", "c", [x, floats]), [1, 2, 4, 4])
    let cost = try CostReport(net.model())
    #expect(cost.parameters == 4)
    #expect(cost.weightBytes == 4 + 8 + 2)
    #expect(cost.macs == 4 * 4 * 4)
  }

  @Test("statistics are no parameters, the slope of a PRelu is")
  func roles() throws {
    var net = Network()
    let x = net.input("x", [1, 2, 4, 4])
    let stats = (0..<4).map { net.weight("p\($0)", [2], seed: $0) }
    let slope = net.weight("slope", [1], seed: 9)
    let y = net.node("BatchNormalization", "bn", [x] + stats)
    net.output(net.node("PRelu", "p", [y, slope]), [1, 2, 4, 4])
    #expect(try CostReport(net.model()).parameters == 2 + 2 + 1)
  }

  @Test("a weight that two nodes share counts once")
  func shared() throws {
    var net = Network()
    let x = net.input("x", [1, 2, 4, 4])
    let w = net.weight("w", [2, 2, 1, 1], seed: 3)
    net.output(net.node("Conv", "c2", [net.node("Conv", "c1", [x, w]), w]), [1, 2, 4, 4])
    #expect(try CostReport(net.model()).parameters == 4)
  }

  @Test("an unknown operator is counted without MACs and named")
  func unknown() throws {
    var net = Network()
    net.output(net.node("Mystery", "m", [net.input("x", [1, 2])]), [1, 2])
    #expect(try CostReport(net.model()).uncounted == ["Mystery 'm'"])
  }

  @Test("the summary shows the contract, open lengths and totals")
  func summary() {
    let summary = ModelSummary(Network.residual(), title: "residual")
    #expect(summary.dynamicDimensions.map(\.name) == ["N"])
    #expect(summary.dynamicDimensions.map(\.axis) == ["x[0]"])
    #expect(summary.text.contains("MACs        18,432 (N = 1)"))
    #expect(summary.text.contains("input   x          float[N,4,8,8]"))
    #expect(summary.markdown.contains("- Parameters: 296"))
    #expect(summary.json["macs"] == .int(18432))
    guard case .array(let rows)? = summary.json["operators"] else {
      Issue.record("expected a list of operators")
      return
    }
    #expect(rows.contains { $0["operator"] == .string("Relu") && $0["count"] == .int(2) })
  }
}
