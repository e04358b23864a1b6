import IR
import Operators
import Passes
import TestSupport
import Testing

/// What edits of what a model says of itself do.
@Suite struct AnnotationEditTests {
  private typealias Edits = InterfaceEditTests

  private func talkative() -> Model {
    var model = Edits.classifier()
    model.docString = "a model"
    model.producerName = "somebody"
    model.metadata = [MetadataEntry(key: "k", value: "v")]
    let relu = model.graph.nodeIDs[1]
    model.graph[relu].docString = "cuts"
    model.graph[relu].metadata = [MetadataEntry(key: "a", value: "b")]
    if let value = model.graph.value(named: "relu_out") {
      model.graph.valueInfos = [
        ValueInfo(value, type: .tensor(TensorType(.float, [1, 4, 4, 4])))
      ]
    }
    return model
  }

  @Test("What is stripped is gone, and nothing else")
  func stripping() throws {
    let (stripped, steps) = try Edits.run(talkative(), StripModel(Set(StripModel.Kind.allCases)))
    #expect(steps.map(\.proof) == [.sameComputation])
    #expect(stripped.docString == nil && stripped.producerName == nil && stripped.metadata.isEmpty)
    #expect(stripped.graph.valueInfos.isEmpty)
    for id in stripped.graph.nodeIDs {
      let node = stripped.graph[id]
      #expect(node.docString == nil && node.metadata.isEmpty && node.name == nil)
    }
    let (some, _) = try Edits.run(talkative(), StripModel([.docs]))
    #expect(some.docString == nil && some.producerName == "somebody")
    #expect(some.graph[some.graph.nodeIDs[1]].name == "relu")
  }

  @Test("Metadata is set, changed and removed")
  func metadata() throws {
    let (edited, steps) = try Edits.run(
      talkative(), try ChangeMetadata(["k=w", "new=x=y", "absent="]))
    #expect(edited.metadata.map { "\($0.key ?? "")=\($0.value ?? "")" } == ["k=w", "new=x=y"])
    #expect(steps[0].report.declined.map(\.text) == ["is not there"])
    let (empty, _) = try Edits.run(talkative(), try ChangeMetadata(["k="]))
    #expect(empty.metadata.isEmpty)
  }

  @Test("A version of the format that lacks what a model has is refused")
  func versions() throws {
    let (edited, steps) = try Edits.run(talkative(), try ChangeIRVersion(10))
    #expect(edited.irVersion == 10 && steps[0].proof == .sameComputation)
    let error = try #require(throws: ModelError.self) {
      try Edits.run(talkative(), try ChangeIRVersion(3))
    }
    #expect(error.message.contains("initializers that are no inputs, found 3"))
    #expect(throws: ModelError.self) { try ChangeIRVersion(99) }
  }

  @Test("Initializers come off the inputs, and an old format becomes one that allows it")
  func constantInputs() throws {
    var net = Network()
    net.graph.initializersAreConstant = true
    let x = net.input("x", [1, 4])
    net.output(net.gemm("g", x, 4, 2), [1, 2])
    let old = net.model(irVersion: 3)
    #expect(old.graph.inputs.count == 3)
    let (fixed, steps) = try Edits.run(old, FixConstantInputs())
    #expect(fixed.graph.inputs.count == 1 && fixed.irVersion == 4)
    #expect(Edits.isProved(steps))
    let (same, none) = try Edits.run(fixed, FixConstantInputs())
    #expect(none[0].report.applied.isEmpty && same.irVersion == 4)
  }

  @Test("Nodes get names of their own, idle declarations and wrong shapes go")
  func repair() throws {
    var model = talkative()
    for id in model.graph.nodeIDs { model.graph[id].name = "n" }
    let idle = model.graph.addFreshValue("idle")
    model.graph.valueInfos.append(ValueInfo(idle, type: .tensor(TensorType(.float, [1]))))
    model.graph.valueInfos[0].type = .tensor(TensorType(.float, [7, 7]))
    model.irVersion = nil
    let (repaired, steps) = try Edits.run(model, RepairModel())
    #expect(
      repaired.graph.nodeIDs.compactMap { repaired.graph[$0].name } == ["n", "n_2", "n_3", "n_4"])
    #expect(repaired.irVersion == 8)
    #expect(
      repaired.graph.valueInfos.map { "\($0.type.map { "\($0)" } ?? "?")" } == ["float[1,4,4,4]"])
    #expect(Edits.isProved(steps))
  }

  @Test("Equal constants become one")
  func deduplication() throws {
    var net = Network()
    let x = net.input("x", [4])
    let a = net.node("Mul", "a", [x, net.weight("w1", [4], seed: 1)])
    net.output(net.node("Mul", "b", [a, net.weight("w2", [4], seed: 1)]), [4])
    let (edited, steps) = try Edits.run(net.model(), DeduplicateTensors())
    #expect(edited.graph.initializers.count == 1)
    #expect(steps[0].report.applied.map(\.text) == ["1 equal to others went, 16 bytes fewer"])
    #expect(Edits.isProved(steps))
  }
}
