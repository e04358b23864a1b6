import Execution
import IR
import Operators
import Samples
import Testing
import TestSupport

/// A graph under construction, its values by name.
private struct Sketch {
  var graph = Graph()

  subscript(name: String) -> ValueID { mutating get { value(name) } }

  mutating func value(_ name: String) -> ValueID {
    graph.value(named: name) ?? graph.addValue(named: name)!
  }

  mutating func input(_ name: String, _ type: TensorType? = nil) {
    graph.addInput(ValueInfo(value(name), type: type.map { .tensor($0) }))
  }

  mutating func output(_ name: String, _ type: TensorType? = nil) {
    graph.addOutput(ValueInfo(value(name), type: type.map { .tensor($0) }))
  }

  mutating func constant(_ name: String, _ tensor: Tensor) {
    graph.setInitializer(value(name), tensor)
  }

  mutating func node(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [Attribute] = [],
    domain: String? = nil
  ) {
    graph.add(
      Node(
        type, domain: domain, name: outputs[0],
        inputs: inputs.map { $0.isEmpty ? nil : value($0) },
        outputs: outputs.map { $0.isEmpty ? nil : value($0) }, attributes: attributes))
  }
}

private func run(
  _ model: Model, _ inputs: [String: Tensor]
) throws -> [String: Tensor] {
  let reference = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
  let accelerated = try Session(model).run(inputs)
  for (name, tensor) in reference {
    let other = try #require(accelerated[name])
    #expect(try Comparison(reference: tensor, candidate: other).maxRelative < 1e-6)
  }
  return reference
}

@Suite("Control flow")
struct ControlFlowTests {
  @Test("a branch reads values of the enclosing graph", arguments: [true, false])
  func branch(condition: Bool) throws {
    var yes = Sketch()
    yes.node("Add", ["x", "one"], ["yes"])
    yes.output("yes")
    var no = Sketch()
    no.node("Concat", ["x", "x"], ["no"], [Attribute("axis", .int(0))])
    no.output("no")
    var main = Sketch()
    main.input("condition", TensorType(.bool, []))
    main.input("x", TensorType(.float, [2]))
    main.constant("one", Tensor(floats: [1], []))
    main.node(
      "If", ["condition"], ["y"],
      [Attribute("then_branch", .graph(yes.graph)), Attribute("else_branch", .graph(no.graph))])
    main.output("y")
    let model = Model(graph: main.graph)
    let y = try run(
      model, ["condition": Tensor(bool: condition), "x": Tensor(floats: [1, 2], [2])])["y"]
    #expect(y?.floats == (condition ? [2, 3] : [1, 2, 1, 2]))
    let facts = try inferTypes(model)
    #expect(facts.graph[main["y"]].tensorType?.shape?.rank == 1)
    #expect(facts.graph[main["y"]].tensorType?.shape?[0].value == nil)
  }

  @Test("a branch that a known condition does not take may hold what does not fit")
  func deadBranch() throws {
    var inner = Sketch()
    inner.node("Squeeze", ["x", "axis"], ["narrow"])
    inner.output("narrow")
    var other = Sketch()
    other.node("Identity", ["x"], ["same"])
    other.output("same")
    let branches = [
      Attribute("then_branch", .graph(inner.graph)), Attribute("else_branch", .graph(other.graph)),
    ]
    var yes = Sketch()
    for name in ["x", "axis"] { _ = yes[name] }
    yes.node("If", ["is_one"], ["chosen"], branches)
    yes.output("chosen")
    func model(_ shape: Shape) -> Model {
      var main = Sketch()
      main.input("x", TensorType(.float, shape))
      main.constant("axis", Tensor(int64: [0], [1]))
      main.constant("one", Tensor(int64: [1], [1]))
      main.node("Shape", ["x"], ["length"], [Attribute("end", .int(1))])
      main.node("Equal", ["length", "one"], ["is_one"])
      main.node(
        "If", ["is_one"], ["y"],
        [
          Attribute("then_branch", .graph(yes.graph)),
          Attribute("else_branch", .graph(other.graph)),
        ])
      main.output("y")
      return Model(graph: main.graph)
    }
    for (shape, wanted) in [(Shape([2, 3]), "float[2,3]"), (Shape([1, 3]), "float[3]")] {
      let facts = try inferTypes(model(shape))
      let y = try #require(facts.graph.value(named: "y"))
      #expect(facts.graph[y].tensorType?.description == wanted)
      let node = try #require(facts.graph.nodeIDs.last)
      #expect(facts.bodies(node).count == 2)
      #expect(facts.bodies(node).allSatisfy { !$0.hasUnknown })
    }
    let x = Tensor(floats: [1, 2, 3, 4, 5, 6], [2, 3])
    #expect(try run(model(Shape([2, 3])), ["x": x])["y"] == x)
  }

  private func loop(states: [TensorType?] = [nil]) -> Model {
    var body = Sketch()
    body.input("step", TensorType(.int64, []))
    body.input("goes_on", TensorType(.bool, []))
    body.input("state", states[0])
    body.node("Concat", ["state", "x"], ["longer"], [Attribute("axis", .int(0))])
    body.node("ReduceSum", ["longer"], ["sum"], [Attribute("keepdims", .int(0))])
    body.node("Less", ["sum", "limit"], ["next"])
    for name in ["next", "longer", "sum"] { body.output(name) }
    var main = Sketch()
    main.input("count", TensorType(.int64, []))
    main.input("x", TensorType(.float, [1]))
    main.constant("limit", Tensor(floats: [5], []))
    main.node(
      "Loop", ["count", "", "x"], ["final", "sums"], [Attribute("body", .graph(body.graph))])
    main.output("final")
    main.output("sums")
    return Model(graph: main.graph)
  }

  @Test(
    "a loop ends by count or condition; its state may grow", arguments: [(0, 1), (2, 3), (9, 5)])
  func loop(count: Int, length: Int) throws {
    let results = try run(
      loop(), ["count": Tensor(int64: [count], []), "x": Tensor(floats: [1], [1])])
    #expect(results["final"]?.dimensions == [length])
    #expect(results["sums"]?.floats == (1..<length).map { Float($0 + 1) })
    #expect(results["sums"]?.dimensions == [length - 1])
    let facts = try inferTypes(loop())
    for name in ["final", "sums"] {
      let type = try #require(facts.graph.value(named: name).flatMap { facts.graph[$0].tensorType })
      #expect(type.elementType == .float)
      #expect(type.shape?.rank == 1)
      #expect(type.shape?[0].value == nil)
    }
  }

  @Test("a scan runs along any axis in either direction")
  func scan() throws {
    var body = Sketch()
    body.input("sum")
    body.input("x")
    body.node("Add", ["sum", "x"], ["next"])
    body.node("Identity", ["next"], ["copy"])
    body.output("next")
    body.output("copy")
    var main = Sketch()
    main.input("start", TensorType(.float, [2]))
    main.input("x", TensorType(.float, [2, 3]))
    main.node(
      "Scan", ["start", "x"], ["end", "all"],
      [
        Attribute("body", .graph(body.graph)), Attribute("num_scan_inputs", .int(1)),
        Attribute("scan_input_axes", .ints([-1])), Attribute("scan_output_axes", .ints([1])),
        Attribute("scan_input_directions", .ints([1])),
      ])
    main.output("end")
    main.output("all")
    let model = Model(graph: main.graph)
    let results = try run(
      model,
      ["start": Tensor(floats: [0, 10], [2]), "x": Tensor(floats: [1, 2, 3, 4, 5, 6], [2, 3])])
    #expect(results["end"]?.floats == [6, 25])
    #expect(results["all"]?.floats == [3, 5, 6, 16, 21, 25])
    let facts = try inferTypes(model)
    #expect(facts.graph[main["all"]].tensorType == TensorType(.float, [2, 3]))
  }

  // MARK: - Functions

  private func model(calling inner: String, recursive: Bool = false) -> Model {
    var leaky = Sketch()
    leaky.input("x")
    leaky.graph.add(
      Node(
        "LeakyRelu", inputs: [leaky["x"]], outputs: [leaky["y"]],
        attributes: [Attribute("alpha", .reference("slope"))]))
    leaky.output("y")
    var first = Function(body: leaky.graph)
    (first.name, first.domain) = ("Leaky", "test")
    first.attributeDefaults = [Attribute("slope", .float(0.5))]
    first.opsetImports = [OpsetImport(domain: nil, version: 17)]

    var twice = Sketch()
    twice.input("x")
    twice.node(inner, ["x"], ["a"], [Attribute("slope", .reference("slope"))], domain: "test")
    twice.node("Add", ["a", "a"], ["b"])
    twice.output("b")
    var second = Function(body: twice.graph)
    (second.name, second.domain) = ("Twice", "test")
    second.attributeNames = ["slope"]
    second.opsetImports = [
      OpsetImport(domain: "", version: 13), OpsetImport(domain: "test", version: 1),
    ]

    var main = Sketch()
    main.input("x", TensorType(.float, Shape([Dimension(symbol: "N"), 2])))
    main.node("Twice", ["x"], ["y"], [], domain: "test")
    main.node("Twice", ["x"], ["z"], [Attribute("slope", .float(0.25))], domain: "test")
    main.output("y")
    main.output("z")
    var model = Model(graph: main.graph)
    model.functions = [first, second]
    model.opsetImports.append(OpsetImport(domain: "test", version: 1))
    return model
  }

  @Test("functions call functions, with attributes and defaults")
  func functions() throws {
    let model = model(calling: "Leaky")
    let results = try run(model, ["x": Tensor(floats: [-4, 1], [1, 2])])
    #expect(results["y"]?.floats == [-4, 2])
    #expect(results["z"]?.floats == [-2, 2])
    let facts = try inferTypes(model)
    let y = try #require(facts.graph.value(named: "y"))
    #expect(facts.graph[y].type?.description == "float[N,2]")
  }

  @Test("a function that calls itself is refused")
  func recursion() throws {
    let model = model(calling: "Twice")
    #expect(throws: ModelError.self) { try Session(model) }
    #expect(throws: ModelError.self) { try inferTypes(model) }
  }
}
