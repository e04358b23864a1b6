import IR
import Lapidary
import Reports
import TestSupport
import Testing

/// Layers that compute with integers in one model and with numbers in the other.
@Suite("Layers on integers") struct IntegerLayerTests {
  private let weights: [Float] = (0..<24).map { Float(($0 * 37) % 23 - 11) / 11 }

  private func codes(_ scale: Float) -> [Int8] {
    weights.map { Int8(max(-127, min(127, ($0 / scale).rounded()))) }
  }

  private func plain(_ bias: [Float]) -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 5, 5])
    let y = net.node(
      "Conv", "conv",
      [
        x, net.constant("w", Tensor(floats: weights, [8, 3, 1, 1])),
        net.constant("b", Tensor(floats: bias, [8])),
      ])
    net.output(net.node("Relu", "relu", [y]), [1, 8, 5, 5])
    return net.model()
  }

  private let bias: [Float] = (0..<8).map { Float($0) / 8 }

  private func scalar(_ net: inout Network, _ name: String, _ value: Float) -> ValueID {
    net.constant(name, Tensor(floats: [value], []))
  }

  private func scalar(_ net: inout Network, _ name: String, _ value: UInt8) -> ValueID {
    net.constant(name, Tensor(.uint8, [], Storage([value])))
  }

  @Test("an operator on integers is the layer, quantized, and a clamp its range")
  func operators() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 5, 5])
    let sx = scalar(&net, "sx", Float(0.02)), zx = scalar(&net, "zx", UInt8(128))
    let q = net.node("QuantizeLinear", "q", [x, sx, zx])
    let sy = scalar(&net, "sy", Float(0.05)), zy = scalar(&net, "zy", UInt8(0))
    let w = net.constant("wq", Tensor(.int8, [8, 3, 1, 1], Storage(codes(0.01))))
    let sw = scalar(&net, "sw", Float(0.01))
    let zw = net.constant("zw", Tensor(.int8, [], Storage([Int8(0)])))
    let b = net.constant(
      "bq", Tensor(.int32, [8], Storage(bias.map { Int32(($0 / 0.0002).rounded()) })))
    let y = net.node("QLinearConv", "conv", [q, sx, zx, w, sw, zw, sy, zy, b])
    net.output(net.node("DequantizeLinear", "dq", [y, sy, zy]), [1, 8, 5, 5])
    let report = try ModelDiff().compare(plain(bias), net.model())
    let layer = try #require(report.layerSummaries.first)
    #expect(report.layerSummaries.count == 1)
    #expect(layer.name == "Conv 'conv'")
    #expect(layer.text.contains("INT8 per tensor"))
    #expect((35...60).contains(layer.sqnr), "\(layer.sqnr)")
    #expect(!report.failing.contains { $0.kind == .removed || $0.kind == .inserted })
    #expect(report.text().contains("Relu taken into the range"))
  }

  /// A convolution of integers with scales that are found on the way, as ONNX Runtime writes it.
  private func dynamic(_ bias: [Float]) -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 5, 5])
    let found = net.nodes("DynamicQuantizeLinear", "q", [x], outputs: 3)
    let w = net.constant("wq", Tensor(.int8, [8, 3, 1, 1], Storage(codes(0.01))))
    let zw = net.constant("zw", Tensor(.int8, [], Storage([Int8(0)])))
    let sums = net.node("ConvInteger", "conv", [found[0], w, found[2], zw])
    let cast = net.node("Cast", "cast", [sums], [Attribute("to", .int(1))])
    let scale = net.node("Mul", "scales", [found[1], scalar(&net, "sw", Float(0.01))])
    let numbers = net.node("Mul", "scaled", [cast, scale])
    let flat = net.constant("b", Tensor(floats: bias, [8]))
    let shape = net.constant("shape", Tensor(int64: [1, -1, 1, 1], [4]))
    let y = net.node("Add", "biased", [numbers, net.node("Reshape", "spread", [flat, shape])])
    net.output(net.node("Relu", "relu", [y]), [1, 8, 5, 5])
    return net.model()
  }

  @Test("a layer whose scales are found on the way is the layer, its bias behind it")
  func onTheWay() throws {
    let report = try ModelDiff().compare(plain(bias), dynamic(bias))
    #expect(
      report.failing.allSatisfy { $0.kind == .quantized || $0.kind == .weight },
      "\(report.text())")
    let layer = try #require(report.layerSummaries.first)
    #expect(layer.text.contains("DYNAMIC UINT8 activation") && layer.text.contains("INT8"))
    // Another bias shows as one.
    let other = try ModelDiff().compare(plain(bias), dynamic(bias.map { $0 + 0.5 }))
    #expect(other.text().contains("vector SQNR"))
    #expect(!report.text().contains("vector SQNR"))
  }

  @Test("a layer whose values alone are quantized keeps its weights, and says so")
  func values() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 5, 5])
    let scale = scalar(&net, "s", Float(0.02)), zero = scalar(&net, "z", UInt8(128))
    let q = net.node("QuantizeLinear", "q", [x, scale, zero])
    let y = net.node(
      "Conv", "conv",
      [
        net.node("DequantizeLinear", "dq", [q, scale, zero]),
        net.constant("w", Tensor(floats: weights, [8, 3, 1, 1])),
        net.constant("b", Tensor(floats: bias, [8])),
      ])
    net.output(net.node("Relu", "relu", [y]), [1, 8, 5, 5])
    let report = try ModelDiff().compare(plain(bias), net.model())
    #expect(report.headline.contains("1 with quantized values"), "\(report.headline)")
  }

  @Test("a normalisation of rows stands for itself, whatever layer made its input")
  func rows() throws {
    func model(_ factor: Float) -> Model {
      var net = Network()
      let x = net.input("x", [2, 5, 6])
      let weight = weights.map { $0 * factor }
      let w = net.constant("w", Tensor(floats: weight, [6, 4]))
      let product = net.node("MatMul", "product", [x, w])
      let scale = net.constant("g", Tensor(floats: [0.5 * factor, 0.75, 1, 1.25], [4]))
      net.output(net.node("LayerNormalization", "norm", [product, scale]), [2, 5, 4])
      return Model(graph: net.graph, opset: 17)
    }
    let found = try ModelDiff().compare(model(1), model(1.5)).failing
    #expect(found.map(\.kind) == [.weight, .weight])
    #expect(found.map(\.layer) == ["MatMul 'product'", nil])
  }
}
