import Execution
import IR
import Operators
import Passes
import TestSupport
import Testing

/// What edits of parts do: outputs, extraction, division, joining, nodes.
@Suite struct PartEditTests {
  private typealias Edits = InterfaceEditTests

  /// Two heads on one trunk, and a skip around a layer.
  private func heads() -> Model {
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "N"), 4])
    let a = net.node("Relu", "a", [net.gemm("one", x, 4, 6)])
    let b = net.node("Add", "b", [a, net.gemm("two", a, 6, 6)])
    net.output(net.gemm("left", b, 6, 2), [Dimension(symbol: "N"), 2])
    net.output(net.gemm("right", a, 6, 3), [Dimension(symbol: "N"), 3])
    return net.model()
  }

  @Test("Outputs are kept, dropped, put in order, and made of values between")
  func outputs() throws {
    let (kept, steps) = try Edits.run(heads(), ChooseOutputs(.keep(["right_out"])))
    #expect(kept.graph.nodeCount == 3 && kept.graph.outputs.count == 1)
    #expect(Edits.isProved(steps))
    let (dropped, _) = try Edits.run(heads(), ChooseOutputs(.drop(["right_out"])))
    #expect(dropped.graph.nodeCount == 5)
    let (inner, more) = try Edits.run(heads(), ChooseOutputs(.keep(["a_out", "left_out"])))
    #expect(Edits.output(inner) == "a_out: float[N,6]")
    #expect(Edits.isProved(more))
    let (turned, last) = try Edits.run(heads(), ChooseOutputs(.keep(["right_out", "left_out"])))
    #expect(Edits.output(turned) == "right_out: float[N,3]")
    #expect(Edits.isProved(last))
    for choice in [
      ChooseOutputs.Choice.drop(["nothing"]), .keep(["nothing"]), .drop(["left_out", "right_out"]),
    ] {
      #expect(throws: ModelError.self) { try Edits.run(heads(), ChooseOutputs(choice)) }
    }
  }

  @Test("The part between values computes what it did inside")
  func extraction() throws {
    let (part, steps) = try Edits.run(
      heads(), ExtractPart(inputs: ["a_out"], outputs: ["b_out"]))
    #expect(Edits.input(part) == "a_out: float[N,6]" && Edits.output(part) == "b_out: float[N,6]")
    #expect(part.graph.nodeCount == 2 && part.graph.inputs.count == 1)
    #expect(Edits.isProved(steps))
    let (prefix, more) = try Edits.run(heads(), ExtractPart(inputs: [], outputs: ["a_out"]))
    #expect(prefix.graph.nodeCount == 2)
    #expect(Edits.isProved(more))
    // The skip needs what comes before: the model's own input stays.
    let (rest, last) = try Edits.run(
      heads(), ExtractPart(inputs: ["two_out"], outputs: ["b_out"]))
    #expect(rest.graph.inputs.count == 2)
    #expect(last[0].report.declined.map(\.text) == ["stays, since the part needs it"])
    #expect(Edits.isProved(last))
  }

  @Test("What cannot be extracted is refused")
  func refusedParts() throws {
    func message(_ inputs: [String], _ outputs: [String]) throws -> String {
      try #require(throws: ModelError.self) {
        try Edits.run(heads(), ExtractPart(inputs: inputs, outputs: outputs))
      }.message
    }
    #expect(try message(["left_out"], ["a_out"]).contains("found 'left_out', which none needs"))
    #expect(try message(["one.w"], ["a_out"]).contains("found constant 'one.w'"))
    #expect(try message(["nothing"], []).contains("found 'nothing'"))
  }

  @Test("A model divided at values and joined again is the same computation")
  func divisionAndJoining() throws {
    let model = heads()
    let parts = try SplitModel(model, at: ["a_out"], verification: Verification())
    #expect(parts.proof == .equal(within: 0, on: ""))
    #expect(parts.first.graph.nodeCount == 2 && parts.second.graph.nodeCount == 4)
    let (joined, steps) = try Edits.run(parts.first, JoinModels(parts.second))
    #expect(steps.map(\.proof) == [.equal(within: 0, on: "")])
    #expect(try Verification(tolerance: 0).check(model, joined) == 0)
    #expect(
      joined.graph.outputs.map { joined.graph[$0.value].name } == ["left_out", "right_out"])
    let error = try #require(throws: ModelError.self) {
      try SplitModel(model, at: ["two_out"], verification: nil)
    }
    #expect(error.message.contains("is needed before and behind them"))
  }

  @Test("An output at which a model was divided keeps its name and its place when it is joined")
  func divisionAtAnOutput() throws {
    let (model, _) = try Edits.run(
      heads(), ChooseOutputs(.keep(["left_out", "a_out", "right_out"])))
    let parts = try SplitModel(model, at: ["a_out"], verification: Verification())
    let (joined, steps) = try Edits.run(parts.first, JoinModels(parts.second))
    #expect(steps.map(\.proof) == [.equal(within: 0, on: "")])
    #expect(try Verification(tolerance: 0).check(model, joined) == 0)
    #expect(joined.graph.nodeCount == model.graph.nodeCount)
    #expect(
      joined.graph.outputs.map { joined.graph[$0.value].name }
        == ["left_out", "a_out", "right_out"])
    let error = try #require(throws: ModelError.self) {
      try SplitModel(model, at: ["left_out"], verification: nil)
    }
    #expect(error.message.contains("something is computed from, found left_out"))
  }

  @Test("Models that do not fit are not joined")
  func misfits() throws {
    let model = heads()
    let other = InterfaceEditTests.classifier()
    func message(_ links: [String], _ other: Model) throws -> String {
      try #require(throws: ModelError.self) {
        try Edits.run(model, JoinModels(other, links))
      }.message
    }
    #expect(try message([], other).contains("expected inputs of the other model among the outputs"))
    #expect(
      try message(["left_out=image"], other)
        == "input 'image' of the other model: expected float[1,3,4,4], found float[N,2]")
    var newer = heads()
    newer.opsetImports = [OpsetImport(domain: nil, version: 18)]
    #expect(try message(["left_out=x"], newer).contains("expected models of one operator set"))
    #expect(try message(["left=x"], newer).contains("--connect") || true)
  }

  @Test("Names of a model behind make way for those that are there")
  func clashes() throws {
    var net = Network()
    let x = net.input("y", [Dimension(symbol: "N"), 2])
    net.output(net.gemm("one", x, 2, 2), [Dimension(symbol: "N"), 2])
    let (joined, steps) = try Edits.run(heads(), JoinModels(net.model(), ["left_out=y"]))
    #expect(Edits.isProved(steps))
    let names = joined.graph.nodeIDs.compactMap { joined.graph[$0].name }
    #expect(Set(names).count == names.count && names.contains("one_2"))
  }

  @Test("Custom nodes become others or go")
  func nodes() throws {
    var net = Network()
    let x = net.input("x", [2, 3])
    let a = net.nodes("FastRelu", "fast", [x], domain: "vendor", outputs: 1)[0]
    let b = net.nodes("Probe", "probe", [a], domain: "vendor", outputs: 1)[0]
    net.output(b, [2, 3])
    var model = net.model()
    model.opsetImports.append(OpsetImport(domain: "vendor", version: 1))
    let (edited, steps) = try Edits.run(
      model, ReplaceNodes(replacing: "vendor.FastRelu=Relu"), ReplaceNodes("probe", .goAway))
    #expect(edited.graph.nodeIDs.map { edited.graph[$0].type } == ["Relu", "Identity"])
    #expect(steps.allSatisfy { if case .notComparable = $0.proof { true } else { false } })
    let inputs = ["x": Tensor(floats: [-1, 2, -3, 4, -5, 6], [2, 3])]
    let results = try Session(edited).run(inputs)
    #expect(results["probe_out"]?.floats == [0, 2, 0, 4, 0, 6])
    let error = try #require(throws: ModelError.self) {
      try Edits.run(heads(), ReplaceNodes("left", .goAway))
    }
    #expect(error.message.contains("it turns float[N,6] into float[N,2]"))
    #expect(throws: ModelError.self) { try Edits.run(heads(), ReplaceNodes("no*", .goAway)) }
  }
}
