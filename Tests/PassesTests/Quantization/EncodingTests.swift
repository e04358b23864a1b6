import Execution
import IR
import Operators
import Passes
import Samples
import TestSupport
import Testing

/// Forms of a model in fewer bits that need no calibration.
@Suite("Encodings without calibration") struct EncodingTests {
  /// Two products, one with its weight turned and a bias, and a convolution before them.
  private func model(opset: Int = 17) -> Model {
    var network = Network()
    let x = network.input("x", [.known(2), .known(16), .known(4), .known(4)])
    let conv = network.conv("conv", x, 16, 32, kernel: 3)
    let flat = network.node("Flatten", "flat", [network.node("Relu", "relu", [conv])])
    let hidden = network.gemm("fc", flat, 512, 48)
    let weight = network.trained("w", [48, 64], axis: 1)
    network.output(network.node("MatMul", "product", [hidden, weight]), nil)
    return Model(graph: network.graph, opset: opset)
  }

  private func sqnr(_ a: Model, _ b: Model) throws -> Double {
    let data = try Dataset.load("random:4", for: a, seed: 1)
    return try ModelComparison(a, b, on: data).sqnr
  }

  private func types(_ model: Model) -> [String] {
    model.graph.nodeIDs.map { model.graph[$0].type }
  }

  @Test("Weights in integers give nearly what floats gave", arguments: WeightType.allCases)
  func weights(type: WeightType) throws {
    let model = model()
    var encoding = WeightEncoding()
    encoding.type = type
    let encoded = try encoding.encode(model)
    #expect(try sqnr(model, encoded.model) > (type == .int8 ? 38 : 15))
    let ratio = Double(encoded.model.graph.constantBytes) / Double(model.graph.constantBytes)
    #expect(ratio < (type == .int8 ? 0.36 : 0.23), "\(ratio)")
    #expect(encoded.nodes.filter { $0.form != nil }.count == 3)
    #expect(encoded.model.opset() == 21)
    encoding.block = nil
    let byChannel = try encoding.encode(model)
    #expect(try sqnr(model, byChannel.model) > (type == .int8 ? 35 : 10))
    #expect(byChannel.model.opset() == (type == .int8 ? 17 : 21))
  }

  @Test("More elements a scale cost accuracy, fewer cost bytes")
  func blocks() throws {
    var network = Network()
    let x = network.input("x", [.known(4), .known(512)])
    network.output(network.node("MatMul", "product", [x, network.trained("w", [512, 32])]), nil)
    let model = Model(graph: network.graph, opset: 17)
    var encoding = WeightEncoding()
    encoding.type = .int4
    let fine = try encoding.encode(model).model
    encoding.block = 256
    let coarse = try encoding.encode(model).model
    #expect(try sqnr(model, fine) > sqnr(model, coarse))
    #expect(fine.graph.constantBytes > coarse.graph.constantBytes)
    encoding.block = 24
    #expect(throws: ModelError.self) { try encoding.encode(model) }
  }

  @Test("ONNX Runtime's products are those of dequantized weights", arguments: WeightType.allCases)
  func blockedProducts(type: WeightType) throws {
    let model = model()
    var encoding = WeightEncoding()
    (encoding.type, encoding.block) = (type, 32)
    let portable = try encoding.encode(model)
    encoding.target = .onnxruntime
    let own = try encoding.encode(model)
    #expect(types(own.model).filter { $0 == "MatMulNBits" }.count == 2)
    #expect(own.model.opset(of: "com.microsoft") == 1)
    #expect(try sqnr(portable.model, own.model) > 100)
  }

  @Test("Tables are looked up in integers", arguments: [13, 21])
  func tables(opset: Int) throws {
    var network = Network()
    let type = ValueType.tensor(TensorType(.int64, [2, 3]))
    let ids = network.graph.addFreshValue("ids", type: type)
    network.graph.addInput(ValueInfo(ids, type: type))
    let table = network.trained("table", [40, 32])
    network.output(network.node("Gather", "lookup", [table, ids]), nil)
    let model = Model(graph: network.graph, opset: opset)
    var encoding = WeightEncoding()
    encoding.block = nil
    let encoded = try encoding.encode(model)
    #expect(types(encoded.model).contains(opset == 21 ? "DequantizeLinear" : "Sub"))
    #expect(types(encoded.model).filter { $0 == "Gather" }.count == 3)
    let inputs = ["ids": Tensor(int64: [0, 39, 7, -1, 12, 3], [2, 3])]
    let before = try #require(try Session(model).run(inputs).values.first?.floats)
    let after = try #require(try Session(encoded.model).run(inputs).values.first?.floats)
    #expect(zip(before, after).allSatisfy { abs($0 - $1) <= 1.1 / 127 })
  }

  @Test("Ranges that are found on the way need no data", arguments: [false, true])
  func dynamic(usesAllBits: Bool) throws {
    let model = model(opset: 9)
    var encoding = DynamicEncoding()
    encoding.usesAllBits = usesAllBits
    let encoded = try encoding.encode(model)
    #expect(try sqnr(model, encoded.model) > 30)
    let names = types(encoded.model)
    #expect(names.contains("ConvInteger"))
    #expect(names.filter { $0 == "MatMulInteger" }.count == 2)
    #expect(encoded.notes.contains { $0.contains("raised from operator set 9 to 11") })
    // 7 bits leave room for two products in 16 bits.
    let graph = encoded.model.graph
    let weights = graph.initializers.compactMap { graph[$0].initializer }
      .filter { $0.elementType == .int8 }.flatMap { $0.integers ?? [] }
    #expect(weights.map(abs).max() == (usesAllBits ? 127 : 64))
  }

  @Test("Values that several nodes read are quantized once")
  func sharedActivations() throws {
    var network = Network()
    let x = network.input("x", [.known(4), .known(32)])
    let a = network.node("MatMul", "a", [x, network.trained("wa", [32, 32])])
    let b = network.node("MatMul", "b", [x, network.trained("wb", [32, 32])])
    network.output(network.node("Add", "sum", [a, b]), nil)
    let encoded = try DynamicEncoding().encode(Model(graph: network.graph, opset: 13))
    #expect(types(encoded.model).filter { $0 == "DynamicQuantizeLinear" }.count == 1)
  }

  @Test("A long short-term memory takes integers where the runtime has it")
  func memory() throws {
    var network = Network()
    let x = network.input("x", [.known(5), .known(2), .known(16)])
    let inputs: [ValueID?] = [
      x, network.trained("w", [1, 64, 16]), network.trained("r", [1, 64, 16]),
      network.trained("b", [1, 128]),
    ]
    let outputs = network.nodes(
      "LSTM", "lstm", inputs, [Attribute("hidden_size", .int(16))], outputs: 1)
    network.output(outputs[0], nil)
    let model = Model(graph: network.graph, opset: 17)
    var encoding = DynamicEncoding()
    #expect(try encoding.encode(model).nodes.first?.reason == "ONNX has no integer form of it")
    encoding.target = .onnxruntime
    let encoded = try encoding.encode(model)
    #expect(types(encoded.model) == ["DynamicQuantizeLSTM"])
    #expect(try sqnr(model, encoded.model) > 25)
  }
}
