import IR
import Reports
import TestSupport
import Testing

@Suite("Semantic diff")
struct DiffTests {
  @Test("a model is the same as itself, without any remark")
  func identity() {
    let report = diff(Network.residual(), Network.residual())
    #expect(!report.differs)
    #expect(report.hunks.isEmpty)
    #expect(report.matchedNodes == 5)
  }

  @Test("(a) other names everywhere are renames and no difference")
  func renamed() {
    let report = diff(Network.residual(), Network.residual(prefix: "other/"))
    #expect(!report.differs)
    #expect(Set(report.hunks.map(\.kind)) == [.renamed])
    let places = report.hunks.map { "\($0.a ?? "") \($0.b ?? "")" }
    #expect(places.contains("Conv 'conv1' Conv 'other/conv1'"))
    #expect(places.contains("dimension 'N' dimension 'other/N'"))
    #expect(places.contains("constant 'conv1.w' constant 'other/conv1.w'"))
  }

  @Test("(b) a changed attribute is found under other names", arguments: ["", "other/"])
  func attribute(prefix: String) throws {
    let report = diff(
      Network.residual(),
      Network.residual(prefix: prefix) {
        $0.attributes["conv2"] = [Attribute("pads", .ints([0, 0, 2, 2]))]
      })
    #expect(report.differs)
    #expect(report.failing.count == 1)
    let hunk = try #require(report.failing.first)
    #expect(hunk.kind == .attribute)
    #expect(hunk.a == "Conv 'conv2'")
    #expect(hunk.b == "Conv '\(prefix)conv2'")
    #expect(hunk.detail == "attribute 'pads': [1,1,1,1] → [0,0,2,2]")
  }

  @Test("(c) one changed element of one weight is found under other names", arguments: ["", "o/"])
  func weight(prefix: String) throws {
    let report = diff(
      Network.residual(),
      Network.residual(prefix: prefix) { $0.changedWeights["conv1.w"] = { $0[7] += 1e-3 } })
    #expect(report.differs)
    #expect(report.failing.count == 1)
    let hunk = try #require(report.failing.first)
    #expect(hunk.kind == .weight)
    #expect(hunk.a == "Conv 'conv1', input 1 'conv1.w'")
    #expect(hunk.b == "Conv '\(prefix)conv1', input 1 '\(prefix)conv1.w'")
    #expect(hunk.detail.hasPrefix("1 of 144 elements changed, max |Δ| 0.001"))
    let figures = Dictionary(uniqueKeysWithValues: hunk.figures.map { ($0.key, $0.value) })
    #expect(figures["changed"] == .int(1))
  }

  @Test("(d) another valid order of the nodes is no difference")
  func reordered() {
    let report = diff(Network.twins(), Network.twins(prefix: "o/", order: [2, 0, 1]))
    #expect(!report.differs)
    #expect(!report.hunks(of: .moved).isEmpty)
    #expect(report.matchedNodes == 10)
  }

  @Test("branches alike are told apart by what follows them")
  func twins() {
    let report = diff(
      Network.twins(),
      Network.twins(prefix: "o/", order: [1, 2, 0]) {
        $0.changedWeights["branch1.conv2.w"] = { $0[0] += 1 }
      })
    #expect(report.failing.map(\.kind) == [.weight])
    #expect(report.failing.first?.a == "Conv 'branch1.conv2', input 1 'branch1.conv2.w'")
    #expect(report.failing.first?.b == "Conv 'o/branch1.conv2', input 1 'o/branch1.conv2.w'")
  }

  @Test("weights in Constant nodes equal weights in initializers")
  func constants() {
    let report = diff(
      Network.residual(), Network.residual { $0.constantNodes = ["conv1.w", "conv2.b"] })
    #expect(!report.differs)
    #expect(report.hunks.isEmpty)
  }

  @Test("an attribute that says the default equals none")
  func defaults() {
    func model(_ list: [Attribute]) -> Model {
      Network.residual { $0.attributes = ["conv1": list] }
    }
    let pads = Attribute("pads", .ints([1, 1, 1, 1]))
    let spoken = model([
      Attribute("strides", .ints([1, 1])), pads, Attribute("group", .int(1)),
      Attribute("dilations", .ints([1, 1])),
    ])
    #expect(diff(model([pads]), spoken).hunks.isEmpty)
    #expect(
      diff(model([]), spoken).failing.map(\.detail)
        == ["attribute 'pads': [0] → [1,1,1,1]"])
  }

  @Test("raw and typed data are the same")
  func encodings() {
    let a = Network.residual()
    var b = a
    for id in b.graph.initializers {
      var tensor = b.graph[id].initializer!
      tensor.encoding = .typed
      b.graph.setInitializer(id, tensor)
    }
    #expect(diff(a, b).hunks.isEmpty)
  }

  @Test("an inserted and a removed node are one difference each")
  func inserted() throws {
    let a = Network.residual()
    var b = a
    let relu = try #require(b.graph.nodeIDs.first { b.graph[$0].name == "relu1" })
    let conv = try #require(b.graph.nodeIDs.first { b.graph[$0].name == "conv2" })
    let old = try #require(b.graph[relu].outputs[0])
    let fresh = b.graph.addFreshValue("neg_out")
    b.graph.add(Node("Neg", name: "neg", inputs: [old], outputs: [fresh]), after: relu)
    b.graph.setInput(conv, slot: 0, to: fresh)

    let there = diff(a, b)
    #expect(there.failing.map(\.kind) == [.inserted])
    #expect(there.failing.first?.b == "Neg 'neg'")
    #expect(there.matchedNodes == 5)
    let back = diff(b, a)
    #expect(back.failing.map(\.kind) == [.removed])
    #expect(back.failing.first?.a == "Neg 'neg'")
  }

  @Test("an operand from elsewhere is found")
  func rewired() throws {
    let a = Network.twins()
    var b = a
    let conv = try #require(b.graph.nodeIDs.first { b.graph[$0].name == "branch2.conv2" })
    let other = try #require(b.graph.value(named: "branch1.relu_out"))
    b.graph.setInput(conv, slot: 0, to: other)
    let report = diff(a, b)
    #expect(report.failing.map(\.kind) == [.rewired])
    #expect(report.failing.first?.a == "Conv 'branch2.conv2', input 0")
  }

  @Test("operands of Add may be swapped, those of Sub may not", arguments: ["Add", "Sub"])
  func swapped(op: String) {
    func model(_ slots: [Int]) -> Model {
      var net = Network()
      let x = net.input("x", [2, 3])
      let p = net.node("Relu", "p", [x]), q = net.node("Neg", "q", [x])
      net.output(net.node(op, "op", slots.map { [p, q][$0] }), [2, 3])
      return net.model()
    }
    let report = diff(model([0, 1]), model([1, 0]))
    #expect(report.differs == (op == "Sub"))
    #expect(report.hunks.contains { $0.kind == (op == "Sub" ? .rewired : .moved) })
  }

  @Test("a weight that two nodes share equals two equal weights")
  func shared() {
    func model(tied: Bool) -> Model {
      var net = Network()
      let x = net.input("x", [1, 2, 4, 4])
      let w = net.weight("w", [2, 2, 1, 1], seed: 3)
      let v = tied ? w : net.weight("v", [2, 2, 1, 1], seed: 3)
      net.output(net.node("Conv", "c2", [net.node("Conv", "c1", [x, w]), v]), [1, 2, 4, 4])
      return net.model()
    }
    #expect(!diff(model(tied: true), model(tied: false)).differs)
  }

  @Test("input types, opsets and element types count; producer and documentation do not")
  func contract() {
    let a = Network.residual()
    var b = a
    b.producerName = "somebody"
    b.docString = "text"
    #expect(!diff(a, b).differs)
    #expect(diff(a, b).hunks.map(\.kind) == [.metadata, .metadata])
    b.opsetImports = [OpsetImport(domain: nil, version: 18)]
    #expect(diff(a, b).failing.map(\.kind) == [.opset])

    var net = Network()
    net.output(net.node("Relu", "r", [net.input("x", [1, 4])]), [1, 4])
    var wide = Network()
    wide.output(wide.node("Relu", "r", [wide.input("x", [1, 5])]), [1, 5])
    #expect(diff(net.model(), wide.model()).failing.map(\.kind) == [.io, .io])
  }

  @Test("a node that a fusion rule absorbed is attributed to the rule")
  func fused() throws {
    let a = Network.residual()
    var b = a
    let relu = try #require(b.graph.nodeIDs.first { b.graph[$0].name == "relu1" })
    let conv = try #require(b.graph.nodeIDs.first { b.graph[$0].name == "conv1" })
    let result = try #require(b.graph[relu].outputs[0])
    b.graph.remove(relu)
    b.graph.setOutput(conv, slot: 0, to: result)
    b.graph[conv].metadata = [
      MetadataEntry(key: "lapidary.fused", value: "some-rule: Neg 'n'; absorb-relu: Relu 'relu1'")
    ]
    let report = diff(a, b)
    #expect(report.failing.map(\.kind) == [.removed])
    #expect(report.failing[0].detail.hasSuffix("; fused into Conv 'conv1' by absorb-relu"))
  }

  @Test("layers stay matched when all weights change and a layer goes")
  func retrained() {
    let report = diff(
      Network.twins(),
      Network.twins(prefix: "o/") { net in
        for branch in 0...2 {
          for layer in ["conv1", "conv2"] {
            net.changedWeights["branch\(branch).\(layer).w"] = { values in
              for index in values.indices { values[index] += Float(branch + 1) }
            }
          }
        }
      })
    #expect(report.failing.count == 6)
    #expect(report.failing.allSatisfy { $0.kind == .weight })
  }

  @Test("the numbers of changed, moved and renamed things are in every rendering")
  func renderings() throws {
    var report = diff(
      Network.residual(),
      Network.residual(prefix: "o/") { $0.changedWeights["conv1.w"] = { $0[7] += 0.5 } })
    report.nameA = "old.onnx"
    report.nameB = "new.onnx"
    #expect(report.text().contains("differs: 1 difference (14 renamed)"))
    #expect(report.markdown.contains("**differs: 1 difference (14 renamed)**"))
    #expect(report.json["schema"] == .int(2))
    #expect(report.json["differs"] == .bool(true))
    #expect(report.json["counts"]?["renamed"] == .int(14))
    #expect(report.json["counts"]?["element_type"] == .int(0))
  }

  /// A chain of three convolutions with a kernel of one and their numbers of channels.
  private func chain(_ channels: [Int], handsOn: Bool = false, startsWith first: String? = nil)
    -> Model
  {
    var net = Network()
    var x = net.input("x", [1, .known(channels[0]), 5])
    if let first { x = net.node(first, "first", [x]) }
    for layer in 1..<channels.count {
      var weight = net.weight(
        "w\(layer)", [channels[layer], channels[layer - 1], 1], seed: 31 * layer + channels[layer])
      if handsOn { weight = net.node("Identity", "same\(layer)", [weight]) }
      x = net.node("Relu", "relu\(layer)", [net.node("Conv", "conv\(layer)", [x, weight])])
    }
    net.output(x)
    return net.model()
  }

  @Test("a constant that a node hands on as it is is that constant")
  func handedOn() {
    let report = diff(chain([4, 6, 5]), chain([4, 6, 5], handsOn: true))
    #expect(!report.differs, "\(report.text())")
    #expect(report.matchedNodes == 4)
  }

  @Test("shapes that agree by chance pair no layers where names or all around them say otherwise")
  func chance() {
    // The second layer of the narrow network has the shape of the first one of the wide.
    let wide = chain([4, 6, 8, 5])
    let narrow = diff(wide, chain([4, 4, 6, 5]))
    #expect(narrow.matchedNodes == 6, "\(narrow.text())")
    #expect(Set(narrow.failing.map(\.kind)) == [.shape], "\(narrow.text())")
    let shifted = diff(wide, chain([4, 4, 6, 5], startsWith: "Abs"))
    #expect(shifted.failing.filter { $0.kind == .inserted }.count == 1, "\(shifted.text())")
    #expect(shifted.failing.allSatisfy { $0.kind != .removed }, "\(shifted.text())")
  }

  /// The first operand less the second, with the graph's inputs declared in an order of their own.
  private func subtraction(_ inputs: [String], _ output: String, declared: [String]? = nil) -> Model
  {
    var net = Network()
    let ports = Dictionary(
      uniqueKeysWithValues: (declared ?? inputs).map { ($0, net.input($0, [2])) })
    net.output(net.node("Sub", output, inputs.map { ports[$0] }), [2])
    return net.model()
  }

  @Test("names of the model's inputs and outputs are its interface")
  func interface() {
    let model = subtraction(["a", "b"], "y")
    let options = DiffOptions(failOn: [.io])
    for other in [subtraction(["P", "Q"], "y"), subtraction(["a", "b"], "R")] {
      let report = diff(model, other, options: options)
      #expect(report.differs)
      #expect(report.failing.allSatisfy { $0.detail.hasPrefix("name '") }, "\(report.text())")
    }
    #expect(!diff(model, subtraction(["a", "b"], "y"), options: options).differs)
  }

  @Test("inputs in another order are one difference, and still paired by name")
  func order() {
    let model = subtraction(["a", "b"], "y")
    let declared = diff(model, subtraction(["a", "b"], "y", declared: ["b", "a"]))
    #expect(declared.failing.map(\.kind) == [.io], "\(declared.text())")
    #expect(declared.failing.map(\.detail) == ["order 'a, b' → 'b, a'"])
    let computed = diff(model, subtraction(["b", "a"], "y"))
    #expect(computed.failing.map(\.kind) == [.io, .rewired, .rewired], "\(computed.text())")
    let crossed = diff(model, subtraction(["b", "a"], "y", declared: ["a", "b"]))
    #expect(crossed.failing.map(\.kind) == [.rewired, .rewired], "\(crossed.text())")
    #expect(
      crossed.failing.first?.detail == "graph input 'a' → graph input 'b'", "\(crossed.text())")
  }
}
