import Execution
import IR
import Operators
import Passes
import Samples
import TestSupport
import Testing

/// Bodies of nodes are quantized as models of their own.
@Suite struct BodyQuantizationTests {
  /// A branch: a convolution of the value `state` outside with a weight outside.
  private func branch(_ name: String, weight: String) -> Graph {
    var graph = Graph(name: name)
    let state = graph.addFreshValue("state"), weight = graph.addFreshValue(weight)
    let result = graph.addFreshValue("\(name)_result")
    graph.add(
      Node(
        "Conv", name: name, inputs: [state, weight], outputs: [result],
        attributes: [Attribute("pads", .ints([1, 1, 1, 1]))]))
    graph.addOutput(ValueInfo(result, type: nil))
    return graph
  }

  /// Two times a convolution and the other of two, as the number of the run says, then the identity.
  private func model() -> Model {
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "N"), 8, 6, 6])
    let first = net.conv("first", x, 8, 8, kernel: 3)
    for (seed, name) in ["even", "odd"].enumerated() {
      _ = net.weight(name, [8, 8, 3, 3], seed: seed + 3)
    }
    var body = Graph(name: "body")
    let run = body.addFreshValue("run"), more = body.addFreshValue("more")
    let state = body.addFreshValue("state"), next = body.addFreshValue("next")
    let odd = body.addFreshValue("is_odd"), goesOn = body.addFreshValue("goes_on")
    let clipped = body.addFreshValue("clipped")
    // What the branches read of the main graph.
    for name in ["even", "odd"] { _ = body.addFreshValue(name) }
    body.addInput(ValueInfo(run, type: .tensor(TensorType(.int64, []))))
    body.addInput(ValueInfo(more, type: .tensor(TensorType(.bool, []))))
    body.addInput(ValueInfo(state, type: nil))
    body.add(
      Node(
        "Cast", inputs: [run], outputs: [odd],
        attributes: [Attribute("to", .int(Int(ElementType.bool.rawValue)))]))
    body.add(
      Node(
        "If", name: "choice", inputs: [odd], outputs: [next],
        attributes: [
          Attribute("then_branch", .graph(branch("Odd", weight: "odd"))),
          Attribute("else_branch", .graph(branch("Even", weight: "even"))),
        ]))
    body.add(Node("Relu", name: "clip", inputs: [next], outputs: [clipped]))
    body.add(Node("Identity", inputs: [more], outputs: [goesOn]))
    body.addOutput(ValueInfo(goesOn, type: .tensor(TensorType(.bool, []))))
    body.addOutput(ValueInfo(clipped, type: nil))
    let count = net.constant("count", Tensor(int64: [2], []))
    let loop = net.node("Loop", "loop", [count, nil, first], [Attribute("body", .graph(body))])
    net.output(loop, [Dimension(symbol: "N"), 8, 6, 6])
    return net.model()
  }

  /// All graphs of a model.
  private func graphs(_ graph: Graph) -> [Graph] {
    [graph] + graph.nodeIDs.flatMap { graph[$0].subgraphs.flatMap { self.graphs($0) } }
  }

  private func types(_ model: Model) -> [String] {
    graphs(model.graph).flatMap { graph in graph.nodeIDs.map { graph[$0].type } }
  }

  private func quantized() throws -> (Model, Quantizer, Quantizer.Result, Dataset) {
    let model = model()
    let data = try Dataset.load("random:8", for: model, seed: 5)
    let quantizer = try Quantizer(model, QuantizationOptions())
    let samples = SampleRun(data, for: quantizer.model)
    let fitted = try quantizer.fit(
      try quantizer.plan(try quantizer.calibrate(on: data)), on: samples, options: .init())
    let result = try quantizer.quantizeBodies(
      of: try quantizer.quantize(fitted), on: samples, options: .init())
    return (model, quantizer, result, data)
  }

  @Test("Branches in a loop compute in integers, and constants outside go where nothing else reads")
  func nested() throws {
    let (model, _, result, data) = try quantized()
    try result.model.graph.checkInvariants()
    #expect(types(result.model).filter { $0 == "QuantizeLinear" }.count >= 3)
    #expect(result.reason("Odd") == "" && result.reason("Even") == "")
    #expect(try ModelComparison(model, result.model, on: data).sqnr > 20)
    // The weights outside have no reader left.
    for name in ["odd", "even"] { #expect(result.model.constant(name) == nil) }
    var seen = Set<String>()
    func names(_ graph: Graph, around: Set<String>) {
      let own = Set(
        graph.nodeIDs.flatMap { graph[$0].outputs.compactMap { $0.map { graph[$0].name } } })
      #expect(own.isDisjoint(with: around))
      seen.formUnion(own)
      for id in graph.nodeIDs {
        for body in graph[id].subgraphs { names(body, around: around.union(own)) }
      }
    }
    names(result.model.graph, around: [])
    #expect(seen.contains("Odd_result"))
  }

  @Test("What a branch reads of a layer is the pair's result: the layer has no other reader")
  func captured() throws {
    var net = Network()
    let x = net.input("x", [1, 8, 6, 6])
    let first = net.conv("state", x, 8, 8, kernel: 3)
    let next = net.conv("next", first, 8, 8, kernel: 3)
    let isLarge = net.node(
      "Greater", "is_large",
      [
        net.node("ReduceMax", "most", [x], [Attribute("keepdims", .int(0))]),
        net.constant("limit", Tensor(floats: [0], [])),
      ])
    for (seed, name) in ["even", "odd"].enumerated() {
      _ = net.weight(name, [8, 8, 3, 3], seed: seed + 3)
    }
    var branches = [branch("Odd", weight: "odd"), branch("Even", weight: "even")]
    for index in branches.indices { branches[index].renameFreeValues(["state": "state_out"]) }
    let choice = net.node(
      "If", "choice", [isLarge],
      [
        Attribute("then_branch", .graph(branches[0])),
        Attribute("else_branch", .graph(branches[1])),
      ])
    net.output(net.node("Add", "sum", [next, choice]))
    let model = net.model()
    let data = try Dataset.load("random:8", for: model, seed: 5)
    let quantizer = try Quantizer(model, QuantizationOptions())
    let result = try quantizer.quantize(try quantizer.calibrate(on: data))
    try result.model.graph.checkInvariants()
    let own = try #require(try result.model.node("state").outputs[0])
    let readers = result.model.graph[own].uses.compactMap { use -> String? in
      if case .input(let node, _) = use { result.model.graph[node].type } else { "body" }
    }
    #expect(readers == ["QuantizeLinear"])
    #expect(try ModelComparison(model, result.model, on: data).sqnr > 20)
  }

  @Test("The plan holds what became of bodies and gives the same model again")
  func plan() throws {
    let (_, quantizer, result, _) = try quantized()
    let plan = try QuantizationPlan(json: try result.plan.json())
    #expect(plan == result.plan)
    #expect(plan.bodies?.first?.plan.bodies?.count == 2)
    let again = try quantizer.apply(plan, modelHash: plan.model)
    #expect(types(again.model) == types(result.model))
    let scales = { (model: Model) in
      self.graphs(model.graph).flatMap { graph in
        graph.initializers.map { graph[$0].initializer?.floats ?? [] }
      }
    }
    #expect(scales(again.model) == scales(result.model))
    var wrong = plan
    wrong.bodies?[0].attribute = "else_branch"
    #expect(throws: ModelError.self) { try quantizer.apply(wrong, modelHash: plan.model) }
  }

  @Test("A branch that no sample reaches stays in float, and the report says so")
  func unreached() throws {
    var net = Network()
    let x = net.input("x", [1, 8, 6, 6])
    let state = net.node("Neg", "state", [x])
    _ = net.weight("odd", [8, 8, 3, 3], seed: 1)
    let mean = net.node("ReduceMax", "most", [x], [Attribute("keepdims", .int(0))])
    let isLarge = net.node(
      "Greater", "is_large", [mean, net.constant("limit", Tensor(floats: [1e6], []))])
    _ = state
    var branches = [branch("Odd", weight: "odd"), branch("Even", weight: "odd")]
    for index in branches.indices { branches[index].renameFreeValues(["state": "state_out"]) }
    net.output(
      net.node(
        "If", "choice", [isLarge],
        [
          Attribute("then_branch", .graph(branches[0])),
          Attribute("else_branch", .graph(branches[1])),
        ]), [1, 8, 6, 6])
    let model = net.model()
    let data = try Dataset.load("random:8", for: model, seed: 5)
    let quantizer = try Quantizer(model, QuantizationOptions())
    let result = try quantizer.quantizeBodies(
      of: try quantizer.quantize(try quantizer.calibrate(on: data)),
      on: SampleRun(data, for: model), options: .init())
    #expect(result.reason("choice") == "its then_branch stays in float: no sample ran it")
    #expect(result.model.constant("odd") != nil)
    #expect(try ModelComparison(model, result.model, on: data).sqnr > 25)
  }

  @Test("The body of a node that is excluded stays as it is, in every form")
  func excluded() throws {
    let model = model()
    var weights = WeightEncoding()
    weights.exclude = ["loop"]
    let encoded = try weights.encode(model)
    #expect(encoded.nodes.filter { $0.op.type == "Conv" && $0.form != nil }.count == 1)
    var options = QuantizationOptions()
    options.exclude = ["loop"]
    let quantizer = try Quantizer(model, options)
    let data = try Dataset.load("random:8", for: model, seed: 5)
    let result = try quantizer.quantizeBodies(
      of: try quantizer.quantize(try quantizer.calibrate(on: data)),
      on: SampleRun(data, for: model), options: .init())
    #expect(result.plan.bodies == nil && result.reason("Odd") == nil)
  }

  @Test(
    "Encodings without data reach into bodies",
    arguments: ["weights", "dynamic", "float16", "converted"])
  func encodings(name: String) throws {
    let model = model()
    let encoding: any ModelEncoding =
      switch name {
      case "weights": WeightEncoding()
      case "dynamic": DynamicEncoding()
      case "float16": HalfEncoding(.float16)
      default:
        {
          var half = HalfEncoding(.float16)
          half.keepsInterface = false
          return half
        }()
      }
    let encoded = try encoding.encode(model)
    try encoded.model.graph.checkInvariants()
    #expect(encoded.nodes.filter { $0.op.type == "Conv" && $0.form != nil }.count == 3)
    let data = try Dataset.load("random:4", for: model, seed: 5)
    #expect(try ModelComparison(model, encoded.model, on: data).sqnr > 20)
  }
}
