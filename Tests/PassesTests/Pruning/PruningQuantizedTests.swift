import IR
import Passes
import TestSupport
import Testing

/// Rule 10 of pruning.md: models that are quantized already lose scales and zero-points with their
/// channels, and channels are scored by the numbers that integers stand for.
@Suite struct PruningQuantizedTests {
  private func bytes(_ net: inout Network, _ name: String, _ values: [Int8], _ shape: [Int])
    -> ValueID
  {
    net.constant(name, Tensor(.int8, shape, Storage(values)))
  }

  private func scalar(_ net: inout Network, _ name: String, _ value: Float) -> ValueID {
    net.constant(name, Tensor(floats: [value], []))
  }

  /// Magnitudes of 90 to 100 with changing signs.
  private func integers(_ count: Int) -> [Int8] {
    (0..<count).map { index -> Int8 in
      let magnitude = 90 + index % 11
      return Int8(index % 2 == 0 ? magnitude : -magnitude)
    }
  }

  /// Activations through QuantizeLinear and DequantizeLinear.
  private func quantized(_ net: inout Network, _ name: String, _ x: ValueID) -> ValueID {
    let scale = scalar(&net, "\(name).scale", 0.05)
    let zero = bytes(&net, "\(name).zero", [3], [])
    let q = net.node("QuantizeLinear", "\(name).q", [x, scale, zero])
    return net.node("DequantizeLinear", "\(name).dq", [q, scale, zero])
  }

  /// A weight of integers with a scale for each index along an axis.
  private func weight(
    _ net: inout Network, _ name: String, _ shape: [Int], axis: Int, scales: [Float]
  ) -> ValueID {
    let w = bytes(&net, name, integers(shape.reduce(1, *)), shape)
    let scale = net.constant("\(name).scale", Tensor(floats: scales, [scales.count]))
    let zero = bytes(
      &net, "\(name).zero", [Int8](repeating: 0, count: scales.count), [scales.count])
    return net.node(
      "DequantizeLinear", "\(name).dq", [w, scale, zero], [Attribute("axis", .int(axis))])
  }

  @Test("QDQ, a scale for each channel: the scales decide which go, and go with them")
  func qdq() throws {
    var net = Network()
    let x = quantized(&net, "x.q", net.input("x", [1, 2, 3, 3]))
    let scales: [Float] = [0.01, 0.09, 0.01, 0.09]
    let w1 = weight(&net, "w1", [4, 2, 1, 1], axis: 0, scales: scales)
    let bias = net.constant("b1", Tensor(.int32, [4], Storage([7, 8, 9, 10] as [Int32])))
    let biasScale = net.constant("b1.scale", Tensor(floats: scales.map { $0 * 0.05 }, [4]))
    let biasZero = net.constant("b1.zero", Tensor(.int32, [4], Storage([0, 0, 0, 0] as [Int32])))
    let b1 = net.node(
      "DequantizeLinear", "b1.dq", [bias, biasScale, biasZero], [Attribute("axis", .int(0))])
    let a = quantized(
      &net, "a.q", net.node("Relu", "relu", [net.node("Conv", "conv1", [x, w1, b1])]))
    let w2 = weight(&net, "w2", [3, 4, 1, 1], axis: 0, scales: [0.02, 0.03, 0.04])
    net.output(net.node("Conv", "conv2", [a, w2]))
    let result = try prune(net.model())
    for name in ["w1", "w1.scale", "w1.zero", "b1", "b1.scale", "b1.zero"] {
      #expect(result.plan.kept(name) == [1, 3], "\(name)")
    }
    #expect(result.plan.kept("w2", axis: 1) == [1, 3])
    #expect(result.plan.kept("w2.scale") == nil)
    #expect(result.model.constant("w2")?.dimensions == [3, 2, 1, 1])
  }

  @Test("QLinearConv and QLinearConcat: zero-points and scales of the weights count")
  func operators() throws {
    var net = Network()
    let scale = scalar(&net, "scale", 0.05), zero = bytes(&net, "zero", [1], [])
    let x = net.node("QuantizeLinear", "quantize", [net.input("x", [1, 2, 3, 3]), scale, zero])
    func conv(_ net: inout Network, _ name: String, _ x: ValueID, _ shape: [Int], _ scales: [Float])
      -> ValueID
    {
      let w = bytes(&net, "\(name).w", integers(shape.reduce(1, *)), shape)
      let s = net.constant("\(name).s", Tensor(floats: scales, [scales.count]))
      let z = bytes(&net, "\(name).z", [Int8](repeating: 0, count: scales.count), [scales.count])
      return net.node("QLinearConv", name, [x, scale, zero, w, s, z, scale, zero])
    }
    let a = conv(&net, "a", x, [4, 2, 1, 1], [0.09, 0.01, 0.09, 0.01])
    let b = conv(&net, "b", x, [2, 2, 1, 1], [0.01, 0.09])
    let joined = net.nodes(
      "QLinearConcat", "join", [scale, zero, a, scale, zero, b, scale, zero],
      [Attribute("axis", .int(1))], domain: "com.microsoft", outputs: 1)[0]
    let y = conv(&net, "y", joined, [3, 6, 1, 1], [0.02, 0.02, 0.02])
    net.output(net.node("DequantizeLinear", "dequantize", [y, scale, zero]))
    var model = net.model()
    model.opsetImports.append(OpsetImport(domain: "com.microsoft", version: 1))
    let result = try prune(model)
    #expect(result.plan.kept("a.w") == [0, 2])
    #expect(result.plan.kept("a.s") == [0, 2])
    #expect(result.plan.kept("b.w") == [1])
    #expect(result.plan.kept("y.w", axis: 1) == [0, 2, 5])
    #expect(result.model.constant("y.w")?.dimensions == [3, 3, 1, 1])
  }

  @Test("Unsigned weights are scored by their distance from the zero-point")
  func zeroPoints() throws {
    var net = Network()
    let x = net.input("x", [4, 3])
    let dynamic = net.nodes("DynamicQuantizeLinear", "dynamic", [x], outputs: 3)
    // Columns 0 and 2 are near the zero-point of 128, 1 and 3 far from it; the largest bytes are near.
    let rows: [UInt8] = [130, 20, 132, 30]
    let w = net.constant("w", Tensor(.uint8, [3, 4], Storage(rows + rows + rows)))
    let zero = net.constant("zero", Tensor(.uint8, [], Storage([128] as [UInt8])))
    let sums = net.node("MatMulInteger", "product", [dynamic[0], w, dynamic[2], zero])
    let floats = net.node("Cast", "cast", [sums], [Attribute("to", .int(1))])
    let scaled = net.node("Mul", "scaled", [floats, dynamic[1]])
    net.output(net.gemm("last", scaled, 4, 2))
    let result = try prune(net.model())
    #expect(result.plan.kept("w", axis: 1) == [1, 3])
    #expect(result.plan.kept("last.w", axis: 1) == [1, 3])
  }
}
