import Execution
import IR
import Operators
import Passes
import Samples
import TestSupport
import Testing

/// Models that compute in 16-bit floats, quantized.
@Suite("16-bit floats quantized") struct WidenedHalvesTests {
  /// Layers, a conversion, and a branch that reads what the first layer made.
  private var float: Model {
    var network = Network()
    let x = network.input("x", [.known(2), .known(3), .known(8), .known(8)])
    let first = network.node("Relu", "relu", [network.conv("first", x, 3, 8, kernel: 3)])
    let second = network.conv("second", first, 8, 8, kernel: 3)
    let flat = network.node(
      "Flatten", "flat", [network.node("GlobalAveragePool", "pool", [second])])
    network.output(network.gemm("head", flat, 8, 5), nil)
    return Model(graph: network.graph, opset: 17)
  }

  @Test(
    "compute in integers like the model in float, and keep their inputs and outputs",
    arguments: [HalfEncoding.HalfType.float16, .bfloat16], [true, false])
  func quantized(_ type: HalfEncoding.HalfType, keepsInterface: Bool) throws {
    var encoding = HalfEncoding(type)
    encoding.keepsInterface = keepsInterface
    let half = try encoding.encode(float).model
    let data = try Dataset.load("random:16", for: half, seed: 3)
    let quantizer = try Quantizer(half, QuantizationOptions())
    #expect(quantizer.notes.contains { $0.contains("computes in float") })
    let result = try quantizer.quantize(try quantizer.calibrate(on: data))
    #expect(result.floats.allSatisfy { $0.hasPrefix("Cast ") }, "\(result.floats)")
    let before = half.graph, after = result.model.graph
    #expect(after.inputs.map(\.type) == before.inputs.map(\.type))
    #expect(after.outputs.map(\.type) == before.outputs.map(\.type))
    #expect(
      after.outputs.map { after[$0.value].name } == before.outputs.map { before[$0.value].name })
    #expect(try ModelComparison(half, result.model, on: data).sqnr > 20)
  }
}
