import Execution
import IR
import Operators
import Passes
import Samples
import TestSupport
import Testing

/// Models in 16-bit floating-point numbers.
@Suite("Half precision") struct HalfEncodingTests {
  private func network() -> Network {
    var network = Network()
    let x = network.input("x", [.known(2), .known(8)])
    let hidden = network.gemm("fc", x, 8, 16)
    let relu = network.node("Relu", "relu", [hidden])
    let large = network.node(
      "Mul", "large", [relu, network.constant("factor", Tensor(floats: [1e5], []))])
    let small = network.node(
      "Mul", "small", [large, network.constant("back", Tensor(floats: [1e-5], []))])
    network.output(network.gemm("head", small, 16, 4), nil)
    return network
  }

  private func sqnr(_ a: Model, _ b: Model) throws -> Double {
    let data = try Dataset.load("random:4", for: a, seed: 1)
    return try ModelComparison(a, b, on: data).sqnr
  }

  @Test("What overflows stays in float, and is named")
  func overflow() throws {
    let model = Model(graph: network().graph, opset: 17)
    let encoded = try HalfEncoding(.float16).encode(model)
    let kept = encoded.nodes.filter { $0.reason != nil }
    #expect(kept.map(\.node) == ["Mul 'large'", "Mul 'small'"])
    #expect(kept.allSatisfy { $0.reason?.contains("pass through it") ?? false })
    #expect(try sqnr(model, encoded.model) > 50)
    // In, out and around the two products.
    let casts = encoded.model.graph.nodeIDs.filter { encoded.model.graph[$0].type == "Cast" }
    #expect(casts.count == 4)
    let types = encoded.model.graph.inputs.compactMap { $0.type?.tensor?.elementType }
    #expect(types == [.float])
  }

  @Test("bfloat16 has the range of a float, and newer operators")
  func bfloat16() throws {
    let model = Model(graph: network().graph, opset: 17)
    let encoded = try HalfEncoding(.bfloat16).encode(model)
    #expect(encoded.nodes.allSatisfy { $0.form == "bfloat16" })
    #expect(encoded.model.opset() == 22)
    #expect(try sqnr(model, encoded.model) > 30)
  }

  @Test("Inputs and outputs change their types where that was asked for")
  func interface() throws {
    let model = Model(graph: network().graph, opset: 17)
    var encoding = HalfEncoding(.bfloat16)
    encoding.keepsInterface = false
    let graph = try encoding.encode(model).model.graph
    #expect(graph.inputs.compactMap { $0.type?.tensor?.elementType } == [.bfloat16])
    #expect(!graph.nodeIDs.contains { graph[$0].type == "Cast" })
  }

  @Test("Constants keep what is finite finite and what is not zero so; casts are joined")
  func constants() throws {
    var network = Network()
    let type = ValueType.tensor(TensorType(.int64, [4]))
    let ids = network.graph.addFreshValue("ids", type: type)
    network.graph.addInput(ValueInfo(ids, type: type))
    let floats = network.node("Cast", "cast", [ids], [Attribute("to", .int(1))])
    let mask = network.constant("mask", Tensor(floats: [-3e38, 1e-12, -.infinity, 0], [4]))
    network.output(network.node("Max", "max", [floats, mask]), nil)
    let model = Model(graph: network.graph, opset: 17)
    let encoded = try HalfEncoding(.float16).encode(model)
    let graph = encoded.model.graph
    let stored = graph.initializers.compactMap { graph[$0].initializer }.first {
      $0.elementType == .float16
    }
    #expect(stored?.floats == [-65504, Float(Float16.leastNonzeroMagnitude), -.infinity, 0])
    // One from integers, one to the output.
    #expect(graph.nodeIDs.filter { graph[$0].type == "Cast" }.count == 2)
    #expect(encoded.notes.contains { $0.contains("1 constants") })
  }

  @Test("Where ranks decide, floats do")
  func order() throws {
    var network = Network()
    let x = network.input("x", [.known(1), .known(8)])
    let relu = network.node("Relu", "relu", [x])
    let count = network.integers("k", [2])
    let outputs = network.nodes("TopK", "top", [relu, count], outputs: 2)
    network.output(outputs[0], nil)
    let encoded = try HalfEncoding(.float16).encode(Model(graph: network.graph, opset: 17))
    #expect(encoded.nodes.last?.reason == "its result hangs on small differences")
  }

  @Test("Scores under a mask of -10,000 keep the digits that tell them apart")
  func masked() throws {
    var network = Network()
    let x = network.input("x", [.known(4), .known(16)])
    let scores = network.gemm("scores", x, 16, 16)
    let mask = network.constant("mask", Tensor(floats: [-10_000], [1]))
    let sum = network.node("Add", "masked", [scores, mask])
    network.output(network.node("Softmax", "weights", [sum]), nil)
    let model = Model(graph: network.graph, opset: 17)
    let encoded = try HalfEncoding(.float16).encode(model)
    for node in encoded.nodes where node.name != "scores" {
      #expect(node.form == nil && node.reason?.hasPrefix("differences between") == true)
    }
    #expect(encoded.nodes.contains { $0.name == "scores" && $0.form != nil })
    #expect(try sqnr(model, encoded.model) > 45)
  }
}
