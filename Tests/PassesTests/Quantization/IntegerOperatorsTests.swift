import Execution
import IR
import Operators
import Passes
import Samples
import TestSupport
import Testing

/// Models with operators on integers, made of models in QDQ form.
@Suite("Operators on integers") struct IntegerOperatorsTests {
  /// Convolutions with clamps, a sum, a pool that moves elements, and layers behind.
  private var model: Model {
    var network = Network()
    let x = network.input("x", [.known(2), .known(3), .known(8), .known(8)])
    let first = network.node("Relu", "relu", [network.conv("first", x, 3, 8, kernel: 3)])
    let second = network.conv("second", first, 8, 8, kernel: 3)
    let sum = network.node("Add", "sum", [second, first])
    let pool = network.node(
      "MaxPool", "pool", [sum],
      [Attribute("kernel_shape", .ints([2, 2])), Attribute("strides", .ints([2, 2]))])
    let flat = network.node("Flatten", "flat", [pool])
    // What comes out of the last layer is not rounded; what the last but one gives is.
    let hidden = network.gemm("hidden", flat, 128, 16)
    network.output(network.gemm("head", hidden, 16, 10), nil)
    return Model(graph: network.graph, opset: 17)
  }

  private func quantized() throws -> (model: Model, data: Dataset) {
    let model = model
    let data = try Dataset.load("random:16", for: model, seed: 3)
    let quantizer = try Quantizer(model, QuantizationOptions())
    return (try quantizer.quantize(try quantizer.calibrate(on: data)).model, data)
  }

  @Test("They compute the integers of the QDQ form, sums within one step")
  func equal() throws {
    let (qdq, data) = try quantized()
    let encoded = try IntegerOperators().encode(qdq)
    let names = encoded.model.graph.nodeIDs.map { encoded.model.graph[$0].type }
    for name in ["QLinearConv", "QLinearAdd", "MaxPool", "QGemm"] {
      #expect(names.contains(name), "\(names)")
    }
    #expect(!names.contains("Relu"))
    #expect(encoded.model.opset(of: "com.microsoft") == 1)
    for backend in [BackendChoice.reference, .accelerated] {
      let found = try ModelComparison(
        qdq, encoded.model, on: data, options: SessionOptions(backend: backend))
      #expect(found.sqnr > 40, "\(backend): \(found.sqnr)")
    }
  }

  @Test("ONNX's own operators alone are taken where no others may be")
  func portable() throws {
    let (qdq, data) = try quantized()
    var form = IntegerOperators()
    form.target = .onnx
    let encoded = try form.encode(qdq)
    #expect(encoded.model.opset(of: "com.microsoft") == nil)
    #expect(encoded.nodes.contains { $0.form == "QLinearConv" })
    #expect(
      encoded.nodes.contains { $0.reason == "ONNX has no operator on integers for it" })
    #expect(try ModelComparison(qdq, encoded.model, on: data).sqnr > 40)
  }
}
