import IR
import Passes
import TestSupport
import Testing

/// What a runtime will compute in integers of a quantized model, and the rules that others break.
@Suite struct IntegerLintTests {
  private func network() -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.node("Relu", "relu", [net.conv("conv1", x, 3, 4)])
    let b = net.conv("conv2", a, 4, 4)
    net.output(net.node("GlobalAveragePool", "pool", [net.node("Add", "add", [a, b])]))
    return net.model()
  }

  private func rules(
    _ model: Model, _ profile: QuantizationOptions.Profile = .ortX86
  ) throws -> [String: String] {
    var rules: [String: String] = [:]
    for finding in try IntegerLint(model, for: profile).findings {
      rules[finding.node] = finding.rule ?? ""
    }
    return rules
  }

  @Test("What quantize made integer is found to be so, for its profile")
  func own() throws {
    for profile in [QuantizationOptions.Profile.ortX86, .ortVNNI, .ortArm, .tensorrt, .openvino] {
      let result = try quantize(network()) { $0.profile = profile }
      let found = try rules(result.model, profile)
      for entry in result.entries {
        #expect(found[entry.node]?.isEmpty == (entry.reason == nil), "\(profile) \(entry.node)")
      }
    }
  }

  @Test("A model for one runtime breaks another's rules, which are named")
  func others() throws {
    let unsigned = try quantize(network()).model
    #expect(try rules(unsigned, .tensorrt)["Conv 'conv1'"]?.contains("uint8") == true)
    let float = try quantize(network()) { $0.profile = .openvino }.model
    #expect(try rules(float, .ortX86)["Conv 'conv1'"]?.contains("bias is a float") == true)
    #expect(
      try rules(network())["Conv 'conv1'"]?.contains("no DequantizeLinear makes it") == true)
  }

  @Test("A second reader, a graph output, another scale: each is named")
  func structure() throws {
    func changed(_ change: (inout Graph, Node) throws -> Void) throws -> String? {
      var model = try quantize(network()).model
      let conv = try model.node("conv1")
      try change(&model.graph, conv)
      return try rules(model)["Conv 'conv1'"]
    }
    #expect(
      try changed { graph, conv in
        let extra = graph.addFreshValue("extra")
        graph.add(Node("Neg", inputs: [conv.outputs[0]], outputs: [extra]))
        graph.addOutput(ValueInfo(extra, type: nil))
      }?.contains("2 readers") == true)
    #expect(
      try changed { graph, conv in graph.addOutput(ValueInfo(conv.outputs[0]!, type: nil)) }?
        .contains("graph output") == true)
    #expect(
      try changed { graph, _ in
        let scale = try #require(graph.value(named: "conv1.b_scale"))
        let old = try #require(graph.constant(scale)?.floats)
        graph.setInitializer(scale, Tensor(floats: old.map { $0 * 1.1 }, [old.count]))
      }?.contains("its bias has scale") == true)
  }
}
