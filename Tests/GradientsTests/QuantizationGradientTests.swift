import Execution
import Gradients
import IR
import OneDNN
import TestSupport
import Testing

/// Derivatives of quantizers. Rounding counts as if it were not there, so that difference quotients
/// say nothing of them: they are held to the formulas.
@Suite struct QuantizationGradientTests {
  private let shape = [2, 3, 2, 4]

  private var x: [Float] {
    (0..<48).map { index in Float((index * 29 + 7) % 48) / 6 - 3.9 }
  }

  private var g: [Float] { (0..<48).map { Float(($0 * 31) % 17) / 8 - 1 } }

  /// Quantized, perhaps moved, and dequantized, with a scale that both share.
  private func model(
    _ scales: [Float], zero: Tensor, axis: Int? = nil, moving: (inout Network, ValueID) -> ValueID
  ) -> Model {
    var network = Network()
    let x = network.input("x", [2, 3, 2, 4])
    let s = network.constant("s", Tensor(floats: scales, axis == nil ? [] : [scales.count]))
    let z = network.constant("z", zero)
    let list = axis.map { [Attribute("axis", .int($0))] } ?? []
    let q = network.node("QuantizeLinear", "q", [x, s, z], list)
    let moved = moving(&network, q)
    network.output(network.node("DequantizeLinear", "y", [moved, s, z], list))
    return network.model()
  }

  private func gradients(
    _ model: Model, cotangent: Tensor, isPortable: Bool
  ) throws -> (x: [Float], s: [Float]) {
    let found = try GradientGraph(of: model, by: ["x", "s"], isPortable: isPortable)
    #expect(found.obstacles == [])
    #expect(found.innerOperators.contains("QuantizationBack") != isPortable)
    let results = try Session(found.model, options: SessionOptions()).run([
      "x": Tensor(floats: x, shape), "y_out_cotangent": cotangent,
    ])
    return (
      try #require(results["x_gradient"]?.floats), try #require(results["s_gradient"]?.floats)
    )
  }

  /// What Esser and others give, "Learned Step Size Quantization": `round(x/s) - x/s` inside and the
  /// bound outside.
  private func formula(
    _ scales: [Float], zeros: [Int], bounds: ClosedRange<Float>, channel: (Int) -> Int
  ) -> (x: [Float], s: [Double]) {
    var sums = [Double](repeating: 0, count: scales.count)
    let data = x.indices.map { index -> Float in
      let place = channel(index), v = x[index] / scales[place], zero = Float(zeros[place])
      let code = v + zero
      if code <= bounds.lowerBound - 0.5 {
        sums[place] += Double(g[index] * (bounds.lowerBound - zero))
        return 0
      }
      if code >= bounds.upperBound + 0.5 {
        sums[place] += Double(g[index] * (bounds.upperBound - zero))
        return 0
      }
      sums[place] += Double(g[index] * (v.rounded(.toNearestOrEven) - v))
      return g[index]
    }
    return (data, sums)
  }

  private func check(
    _ own: (x: [Float], s: [Float]), _ formula: (x: [Float], s: [Double])
  ) {
    #expect(zip(own.x, formula.x).allSatisfy { abs($0 - $1) < 1e-5 })
    // Each is a difference of two larger sums.
    #expect(
      zip(own.s, formula.s).allSatisfy { abs(Double($0) - $1) < 2e-4 }, "\(own.s) \(formula.s)")
    #expect(formula.x.contains(0) && formula.x.contains { $0 != 0 })
  }

  @Test(
    "One scale and a zero-point: inside straight through, outside the bound",
    arguments: [true, false])
  func single(isPortable: Bool) throws {
    let model = model([0.02], zero: Tensor(.uint8, [], Storage([UInt8(100)]))) { $1 }
    let own = try gradients(
      model, cotangent: Tensor(floats: g, shape), isPortable: isPortable)
    check(own, formula([0.02], zeros: [100], bounds: 0...255) { _ in 0 })
  }

  @Test("A scale for each channel", arguments: [true, false])
  func channels(isPortable: Bool) throws {
    let scales: [Float] = [0.01, 0.03, 0.05]
    let model = model(scales, zero: Tensor(.int8, [3], Storage([Int8(0), 5, -9])), axis: 1) { $1 }
    let own = try gradients(
      model, cotangent: Tensor(floats: g, shape), isPortable: isPortable)
    check(own, formula(scales, zeros: [0, 5, -9], bounds: -128...127) { $0 / 8 % 3 })
  }

  @Test("Integers that are moved between have cotangents of floats", arguments: [true, false])
  func moved(isPortable: Bool) throws {
    let zero = Tensor(.int8, [], Storage([Int8(3)]))
    let turned = model([0.02], zero: zero) { network, q in
      let order = [Attribute("perm", .ints([0, 2, 1, 3]))]
      let turned = network.node("Transpose", "turn", [q], order)
      return network.node("Transpose", "back", [turned], order)
    }
    let own = try gradients(
      turned, cotangent: Tensor(floats: g, shape), isPortable: isPortable)
    check(own, formula([0.02], zeros: [3], bounds: -128...127) { _ in 0 })
  }

  @Test("Scales of blocks are declined with the reason")
  func blocks() throws {
    var network = Network()
    let x = network.input("x", [4, 4])
    let s = network.constant("s", Tensor(floats: [Float](repeating: 0.1, count: 8), [2, 4]))
    let list = [Attribute("axis", .int(0)), Attribute("block_size", .int(2))]
    let q = network.node("QuantizeLinear", "q", [x, s], list)
    network.output(network.node("DequantizeLinear", "y", [q, s], list))
    let found = try GradientGraph(of: network.model(opset: 21), by: ["x", "s"])
    #expect(found.obstacles.contains { $0.contains("blocks") })
    #expect(Set(found.blocked) == ["x", "s"])
  }
}
