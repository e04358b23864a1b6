import Execution
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Decisions as data, and their replay.
@Suite struct QuantizationPlanTests {
  private func model() -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.node("Relu", "relu1", [net.conv("conv1", x, 3, 4)])
    net.output(net.node("Flatten", "flat", [net.conv("conv2", a, 4, 4)]))
    return net.model()
  }

  private func text(_ model: Model) -> String { model.text(tensorLimit: 1000) }

  @Test("A plan that went through its file gives the same model")
  func replay() throws {
    let model = model()
    let found = try quantize(model)
    var plan = found.plan
    plan.model = "a hash"
    let read = try QuantizationPlan(json: try plan.json())
    #expect(read == plan)
    let quantizer = try Quantizer(model, QuantizationOptions())
    let again = try quantizer.apply(read, modelHash: "a hash")
    #expect(text(again.model) == text(found.model))
    #expect(again.entries == found.entries)
    #expect(plan.samples == 4)
    #expect(plan.nodes.map(\.form) == [.weighted, .absorbed, .weighted, .float])
    #expect(plan.nodes.last?.reason == "its result is a graph output")
    #expect(plan.nodes.first?.axis == 0)
  }

  @Test("A plan for another model, or one that does not fit, is refused by name")
  func refusal() throws {
    let model = model()
    let quantizer = try Quantizer(model, QuantizationOptions())
    let plan = try quantize(model).plan
    func message(_ change: (inout QuantizationPlan) -> Void) -> String? {
      var other = plan
      change(&other)
      return #expect(throws: ModelError.self) { try quantizer.apply(other, modelHash: "") }?.message
    }
    #expect(message { $0.model = "other" }?.contains("a plan for model") == true)
    #expect(message { $0.values[0].value = "nowhere" }?.contains("'nowhere'") == true)
    #expect(message { $0.values[0].scale = -1 }?.contains("a scale above 0") == true)
    #expect(message { $0.nodes[0].output = "nowhere" }?.contains("'nowhere'") == true)
    #expect(message { $0.nodes[0].axis = 7 }?.contains("conv1") == true)
    #expect(message { $0.nodes[0].weight = 9 }?.contains("conv1") == true)
    #expect(throws: ModelError.self) { try QuantizationPlan(json: Array("{}".utf8)) }
  }
}
