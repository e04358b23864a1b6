import Execution
import IR
import Operators
import Samples
import Synchronization
import TestSupport
import Testing

@Suite("Session")
struct SessionTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  private func typed() throws -> Model {
    var graph = Graph(name: "typed")
    let x = graph.addFreshValue("x"), y = graph.addFreshValue("y"), z = graph.addFreshValue("z")
    graph.addInput(
      ValueInfo(x, type: .tensor(TensorType(.float, Shape([Dimension(symbol: "N"), 3])))))
    let offset = graph.addInitializer("offset", Tensor(floats: [1, 2, 3], [3]))
    graph.addInput(ValueInfo(offset, type: .tensor(TensorType(.float, [3]))))
    graph.add(Node("Add", inputs: [x, offset], outputs: [y]))
    graph.add(Node("Relu", inputs: [y], outputs: [z]))
    graph.addOutput(ValueInfo(z, type: nil))
    return Model(graph: graph)
  }

  @Test("inputs are checked by name, type and shape", arguments: bothBackends)
  func inputs(backend: BackendChoice) throws {
    let session = try Session(try typed(), options: SessionOptions(backend: backend))
    let x = Tensor(floats: [-5, 0, 1], [1, 3])
    #expect(message { _ = try session.run([:]) } == "input 'x': expected float[N,3], found none")
    #expect(
      message { _ = try session.run(["x": Tensor(floats: [1, 2], [1, 2])]) }
        == "input 'x': expected float[N,3], found float[1,2]")
    #expect(
      message { _ = try session.run(["x": Tensor(int64: [1, 2, 3], [1, 3])]) }
        == "input 'x': expected float[N,3], found int64[1,3]")
    #expect(
      message { _ = try session.run(["x": x, "w": x]) }.hasPrefix(
        "input 'w': expected a name among the graph's inputs ('x', 'offset')"))
    #expect(try session.run(["x": x])["z"]?.floats == [0, 2, 4])
    let other = Tensor(floats: [9, 0, 0], [3])
    #expect(try session.run(["x": x, "offset": other])["z"]?.floats == [4, 0, 1])
  }

  @Test("several inputs run side by side as each alone, and one that fails leaves the others alone")
  func sideBySide() throws {
    let session = try Session(try typed(), options: SessionOptions())
    let inputs = [[-5, 0, 1], [7, 7, 7, 1, 1, 1], []].map { (values: [Float]) in
      ["x": Tensor(floats: values, [values.count / 3, 3])]
    }
    var found = try session.run(sideBySide: inputs + [["x": Tensor(int64: [1], [1])]] + inputs)
    #expect(found.count == 7)
    guard case .failure(let error) = found.remove(at: 3) else {
      Issue.record("expected an error")
      return
    }
    #expect("\(error)".hasPrefix("input 'x': expected float[N,3]"))
    for (result, given) in zip(found, inputs + inputs) {
      #expect(try result.get()["z"]?.floats == session.run(given)["z"]?.floats)
    }
    #expect(try session.run(sideBySide: []).isEmpty)
  }

  @Test("a constant that does not stay in memory is made once for all inputs that run side by side")
  func fleetingConstants() throws {
    let count = Atomic(0)
    let rows = 1 << 16, width = 1 << 10
    let table = Storage.streamed(count: 4 * rows * width) { target, _ in
      count.add(1, ordering: .relaxed)
      target.initializeMemory(as: UInt8.self, repeating: 0)
    }
    var net = Network()
    let constant = net.constant("table", Tensor(.float, [rows, width], table))
    let sum = net.node("Add", "sum", [constant, net.input("x", [1])])
    net.output(net.node("Gather", "row", [sum, net.constant("at", Tensor(int64: [3], [1]))]))
    var options = SessionOptions()
    options.keepsConstants = false
    let session = try Session(net.model(), options: options)
    count.store(0, ordering: .relaxed)
    let found = try session.run(
      sideBySide: [1, 2, 3].map { (value: Float) in ["x": Tensor(floats: [value], [1])] })
    #expect(count.load(ordering: .relaxed) == 1)
    #expect(try found.map { try $0.get().values.first?.floats?.first } == [1, 2, 3])
  }

  @Test("inner values can be asked for and watched", arguments: bothBackends)
  func inner(backend: BackendChoice) throws {
    let model = try typed()
    let session = try Session(model, options: SessionOptions(backend: backend))
    let x = Tensor(floats: [-5, 0, 1], [1, 3])
    #expect(try session.run(["x": x], outputs: ["y"])["y"]?.floats == [-4, 2, 4])
    #expect(
      message { _ = try session.run(["x": x], outputs: ["nothing"]) }.hasPrefix("output 'nothing'"))
    var seen: [String] = []
    let all = Set(model.graph.valueIDs)
    _ = try session.run(["x": x], observing: all) { id, view in
      seen.append("\(model.graph[id].name) \(view.shape)")
    }
    #expect(seen == ["x [1, 3]", "y [1, 3]", "z [1, 3]"])
  }

  @Test("an unknown operator is named when the session is made")
  func unknown() throws {
    var graph = Graph()
    let x = graph.addFreshValue("x"), y = graph.addFreshValue("y")
    graph.addInput(ValueInfo(x, type: .tensor(TensorType(.float, [1]))))
    graph.add(Node("Foo", domain: "com.acme", name: "f", inputs: [x], outputs: [y]))
    graph.addOutput(ValueInfo(y, type: nil))
    var model = Model(graph: graph)
    model.opsetImports.append(OpsetImport(domain: "com.acme", version: 1))
    #expect(
      message { _ = try Session(model) }.contains(
        "expected an operator that Lapidary can run, found 'com.acme.Foo'"))
  }

  @Test("16-bit floats are widened, computed and rounded back")
  func half() throws {
    let values: [Float16] = [1, 2, 3, 4]
    let x = Tensor(.float16, [2, 2], Storage(values.map(\.bitPattern)))
    let result = try Session(try model("MatMul", inputs: [x, x])).run(feed([x, x]))
    #expect(result["y0"]?.elementType == .float16)
    #expect(result["y0"]?.floats == [7, 10, 15, 22])
  }

  @Test("a shape that does not fit is an error, not a trap")
  func impossible() throws {
    let x = Tensor(floats: [1], [1])
    let shape = Tensor(int64: [1 << 40, 1 << 40], [2])
    let session = try Session(try model("Expand", inputs: [x, shape]))
    #expect(throws: ModelError.self) { try session.run(feed([x, shape])) }
  }

  @Test(
    "layouts that stay blocked from node to node give what the kernels give",
    arguments: [16, 20, 64])
  func blocked(channels: Int) throws {
    let network = try blockedNetwork(channels: channels)
    let fast = try Session(network)
    let plain = try Session(network, options: SessionOptions(backend: .reference))
    // Changing shapes, then one again: primitives are kept by shape.
    for shape in [[1, 3, 32, 32], [2, 3, 17, 23], [1, 3, 32, 32]] {
      let x = ["x": try floats(shape)]
      let all = network.graph.nodeIDs.flatMap { network.graph[$0].outputs.compactMap { $0 } }
        .map { network.graph[$0].name }
      let a = try plain.run(x, outputs: all), b = try fast.run(x, outputs: all)
      for name in all {
        let comparison = try Comparison(
          reference: try #require(a[name]), candidate: try #require(b[name]))
        #expect(comparison.maxRelative < 1e-5, "\(name)")
      }
      // Without inner values, operations are carried out in other steps, and round otherwise.
      let last = try #require(all.last)
      let alone = try Comparison(
        reference: try #require(a[last]), candidate: try #require(try fast.run(x)[last]))
      #expect(alone.maxRelative < 1e-5)
    }
  }

  @Test("the reference backend gives the same bits on any number of threads")
  func threads() throws {
    let network = try blockedNetwork(channels: 32)
    let x = ["x": try floats([2, 3, 64, 64])]
    let results = try [1, 2, 5].map {
      try Session(network, options: SessionOptions(backend: .reference, threads: $0)).run(x)
    }
    #expect(results[0].values.first == results[1].values.first)
    #expect(results[0].values.first == results[2].values.first)
  }

  @Test("results stay valid after later runs")
  func results() throws {
    let session = try Session(try typed())
    let first = try session.run(["x": Tensor(floats: [1, 1, 1], [1, 3])])
    for _ in 0..<3 { _ = try session.run(["x": Tensor(floats: [7, 7, 7], [1, 3])]) }
    #expect(first["z"]?.floats == [2, 3, 4])
  }
}
