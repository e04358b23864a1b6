import IR
import Passes
import TestSupport
import Testing

/// The form that runtimes recognise (quantization.md, "Structural rules"), and results close to
/// float.
@Suite struct QDQStructureTests {
  /// A network of convolutions with a skip connection, pooling and a classifier.
  private func network() -> Model {
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 3, 8, 8])
    let stem = net.batchNormalization("bn", net.conv("conv1", x, 3, 8, kernel: 3), 8)
    let a = net.node("Relu", "relu1", [stem])
    let b = net.node("Relu", "relu2", [net.conv("depth", a, 8, 8, kernel: 3, group: 8)])
    let c = net.node("Add", "add", [a, net.conv("conv2", b, 8, 8)])
    let flat = net.node("Flatten", "flat", [net.node("GlobalAveragePool", "pool", [c])])
    net.output(net.gemm("fc", flat, 8, 5), [.init(symbol: "N"), 5])
    return net.model()
  }

  @Test("One pair a tensor; scales and zero-points are constants of rank 0, or per channel")
  func structure() throws {
    let result = try quantize(network())
    #expect(result.floats == [])
    let graph = result.model.graph
    var quantized: Set<ValueID> = []
    for id in graph.nodeIDs {
      let node = graph[id]
      guard node.type == "QuantizeLinear" || node.type == "DequantizeLinear" else { continue }
      let source = try #require(node.inputs[0])
      let scale = try #require(node.inputs[1].flatMap { graph.constant($0) }, "\(graph.label(id))")
      let zero = try #require(node.inputs[2].flatMap { graph.constant($0) })
      #expect(scale.dimensions == zero.dimensions)
      if node.type == "QuantizeLinear" {
        #expect(quantized.insert(source).inserted, "one Q for '\(graph[source].name)'")
        #expect(graph[source].uses.count == 1, "nothing but its Q reads '\(graph[source].name)'")
        #expect(scale.dimensions.isEmpty && node.attributes.isEmpty)
        let stored = try #require(node.outputs[0])
        let reader = try #require(graph.onlyConsumer(of: stored), "one DQ a Q")
        #expect(graph[reader].type == "DequantizeLinear")
        #expect(Array(graph[reader].inputs[1...]) == Array(node.inputs[1...]))
      } else if let stored = graph.constant(source), stored.elementType != .uint8 {
        #expect(scale.dimensions == [stored.dimensions[0]], "axis 0 of '\(graph[source].name)'")
        guard case .int(0)? = node.attribute("axis") else {
          Issue.record("\(graph.label(id)): expected axis 0")
          continue
        }
      }
    }
    // x, relu1, relu2, conv2, add, pool, flat; fc leaves its sums in float.
    #expect(quantized.count == 7)
  }

  @Test("Biases are int32 with the product of the scales, zero-point 0")
  func biases() throws {
    let model = try quantize(network()).model
    let graph = model.graph
    for name in ["conv1", "depth", "conv2", "fc"] {
      let node = try model.node(name)
      func parameter(_ place: Int, of slot: Int) throws -> Tensor {
        let value = try #require(node.inputs[slot])
        let producer = graph[try #require(graph[value].producer)]
        return try #require(producer.inputs[place].flatMap { graph.constant($0) })
      }
      func scales(_ slot: Int) throws -> [Float] {
        try #require(try parameter(1, of: slot).floats)
      }
      let (input, weight, bias) = (try scales(0), try scales(1), try scales(2))
      #expect(input.count == 1)
      #expect(bias == weight.map { $0 * input[0] }, "\(name)")
      let stored = try #require(model.constant("\(name).b_quantized"))
      #expect(stored.elementType == .int32)
      #expect(try parameter(2, of: 2).integers == bias.map { _ in 0 })
      #expect(model.constant("\(name).w_quantized")?.elementType == .int8)
      #expect(model.constant("\(name).w") == nil, "the float weight is gone")
    }
  }

  @Test("The graph's outputs keep names and types; a product that nobody rounds makes them")
  func outputs() throws {
    let before = network()
    let model = try quantize(before).model
    let graph = model.graph
    #expect(graph.outputs.map { graph[$0.value].name } == ["fc_out"])
    #expect(graph.outputs.map(\.type) == before.graph.outputs.map(\.type))
    #expect(graph.inputs.map { graph[$0.value].name } == ["x"])
    let producer = try #require(graph[graph.outputs[0].value].producer)
    #expect(producer == model.graph.nodeIDs.first { graph[$0].name == "fc" })
  }

  @Test("An output that a node reads as well: the reader takes it from the same DQ")
  func outputWithReader() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4)
    net.output(a, [1, 4, 4, 4])
    net.output(net.conv("conv2", a, 4, 2), [1, 2, 4, 4])
    let model = try quantize(net.model()).model
    let graph = model.graph
    let output = try #require(graph.value(named: "conv1_out"))
    #expect(graph[output].producer.map { graph[$0].type } == "DequantizeLinear")
    #expect(try model.node("conv2").inputs[0] == output)
  }

  @Test("Results stay close to float, and a large bias survives a small weight")
  func closeness() throws {
    let before = network()
    let after = try quantize(before).model
    let float = try #require(try before.run()["fc_out"]?.floats)
    let integer = try #require(try after.run()["fc_out"]?.floats)
    let error = zip(float, integer).map { abs($0 - $1) }.max() ?? .infinity
    #expect(error < 0.05 * (float.map { abs($0) }.max() ?? 0))

    var net = Network()
    let x = net.input("x", [1, 2])
    let w = net.constant("w", Tensor(floats: [1e-9, 0, 0, 1e-9], [2, 2]))
    let b = net.constant("b", Tensor(floats: [100, -100], [2]))
    net.output(net.node("Gemm", "fc", [x, w, b], [Attribute("transB", .int(1))]))
    let values = try #require(try quantize(net.model()).model.run()["fc_out"]?.floats)
    #expect(abs(values[0] - 100) < 1 && abs(values[1] + 100) < 1, "\(values)")
  }

  @Test("Layers that share a weight share its integers; their biases are their own")
  func sharedWeight() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let w = net.trained("w", [3, 3, 1, 1])
    let a = net.node("Conv", "conv1", [x, w])
    net.output(net.node("Conv", "conv2", [net.node("Relu", "relu", [a]), w]))
    let model = try quantize(net.model()).model
    #expect(model.constant("w_quantized")?.elementType == .int8)
    #expect(model.constant("w_quantized_2") == nil)
    #expect(try model.node("conv1").inputs[1] == model.node("conv2").inputs[1])
  }

  @Test("A quantized network is pruned with the scales and zero-points of its channels")
  func pruning() throws {
    let model = try quantize(network()).model
    // Rounding may fall the other way in a sum of fewer numbers.
    let result = try Pruner(model, PruningOptions(target: .ratio(0.5)))
      .prune(verification: Verification(tolerance: 0.05))
    #expect(result.difference != nil)
    for part in ["w_scale", "b_quantized", "b_scale"] {
      #expect(result.model.constant("conv1.\(part)")?.dimensions == [4], "\(part)")
    }
    for part in ["w_dq", "b_dq"] {
      #expect(try result.model.zeroPoint(behind: "conv1.\(part)").dimensions == [4], "\(part)")
    }
    #expect(result.model.constant("conv1.w_quantized")?.dimensions == [4, 3, 3, 3])
    #expect(result.model.constant("depth.w_quantized")?.dimensions == [4, 1, 3, 3])
    #expect(result.model.constant("fc.w_quantized")?.dimensions == [5, 4])
    #expect(result.model.constant("fc.w_scale")?.dimensions == [5])
  }

  @Test("The same model and data give the same graph")
  func determinism() throws {
    #expect(
      try quantize(network()).model.text(tensorLimit: 1 << 20)
        == quantize(network()).model.text(tensorLimit: 1 << 20))
  }
}
