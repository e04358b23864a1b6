import Execution
import IR
import Samples
import TestSupport
import Testing

/// Sums of pairs of products in 16 bits, as on processors before VNNI.
@Suite("Saturating sums") struct SaturationTests {
  private let options: SessionOptions = {
    var options = SessionOptions()
    options.saturates = true
    return options
  }()

  /// A sum as the instructions add it up, one pair after another.
  private func sum(_ a: [Int], _ w: [Int]) -> Int {
    stride(from: 0, to: a.count, by: 2).reduce(0) { total, first in
      let pair = a[first] * w[first] + (first + 1 < a.count ? a[first + 1] * w[first + 1] : 0)
      return total + min(max(pair, -32_768), 32_767)
    }
  }

  /// `y = MatMulInteger(x, w)` for bytes.
  private func integers(_ x: [UInt8], _ w: [Int8], _ zero: UInt8) throws -> [Int] {
    var sketch = Network()
    let a = sketch.input("x", TensorType(.uint8, [1, x.count]))
    let b = sketch.constant(Tensor(.int8, [w.count, 1], Storage(w)))
    let offset = sketch.constant(Tensor(.uint8, [], Storage([zero])))
    let y = sketch.add("MatMulInteger", a, b, offset)
    let x = Tensor(.uint8, [1, x.count], Storage(x))
    let results = try Session(sketch.model(y), options: options).run(["x": x])
    return try #require(results.values.first?.integers)
  }

  @Test("Two products of 255 and 127 make 32,767 together, and not 64,770")
  func pair() throws {
    #expect(try integers([255, 255], [127, 127], 0) == [32_767])
    #expect(try integers([255, 255], [-127, -127], 0) == [-32_768])
    #expect(try integers([255, 255], [64, 64], 0) == [32_640])
    // Pairs are neighbours: the same products apart do not saturate.
    #expect(try integers([255, 0, 255, 0], [127, 0, 127, 0], 0) == [64_770])
    // The zero-point is taken off behind: (255 - 255)·127 twice is not 0.
    #expect(try integers([255, 255], [127, 127], 255) == [32_767 - 64_770])
  }

  @Test("Products of matrices against sums written out")
  func products() throws {
    var generator = SplitMix64(seed: 12)
    for length in [1, 2, 5, 600] {
      let x = (0..<length).map { _ in UInt8(200 + generator.next() % 56) }
      let w = (0..<length).map { _ in Int8(truncatingIfNeeded: 90 + Int(generator.next() % 38)) }
      let expected = sum(x.map { Int($0) }, w.map { Int($0) })
      #expect(try integers(x, w, 0) == [expected])
    }
  }

  @Test("Numbers that stand for bytes are multiplied as the bytes are")
  func dequantized() throws {
    var sketch = Network()
    let x = sketch.input("x", TensorType(.float, [1, 2]))
    let (one, zero) = (sketch.number(1), sketch.constant(Tensor(.uint8, [], Storage([UInt8(0)]))))
    let q = sketch.add("QuantizeLinear", x, one, zero)
    let a = sketch.add("DequantizeLinear", q, one, zero)
    let w = sketch.add(
      "DequantizeLinear", sketch.constant(Tensor(.int8, [2, 1], Storage([Int8(127), 127]))), one)
    let input = ["x": Tensor(floats: [255, 255], [1, 2])]
    let model = sketch.model(sketch.add("MatMul", a, w))
    #expect(try Session(model).run(input).values.first?.floats == [64_770])
    #expect(try Session(model, options: options).run(input).values.first?.floats == [32_767])
  }

  @Test("A convolution adds up kernel positions and, within one, channels; depthwise it is exact")
  func convolutions() throws {
    func run(_ weight: [Int8], _ shape: [Int], channels: Int, group: Int) throws -> [Int] {
      var sketch = Network()
      let x = sketch.input("x", TensorType(.uint8, [1, channels, 1, 2]))
      let w = sketch.constant(Tensor(.int8, shape, Storage(weight)))
      let y = sketch.add("ConvInteger", x, w, attributes: [Attribute("group", .int(group))])
      let bytes = [UInt8](repeating: 255, count: channels * 2)
      let input = Tensor(.uint8, [1, channels, 1, 2], Storage(bytes))
      let results = try Session(sketch.model(y), options: options).run(["x": input])
      return try #require(results.values.first?.integers)
    }
    // Channels 0 and 1 of one position are neighbours; positions of one channel are not.
    #expect(try run([127, 0, 127, 0], [1, 2, 1, 2], channels: 2, group: 1) == [32_767])
    #expect(try run([127, 127, 0, 0], [1, 2, 1, 2], channels: 2, group: 1) == [64_770])
    #expect(
      try run([127, 127, 127, 127], [2, 1, 1, 2], channels: 2, group: 2) == [64_770, 64_770])
  }
}
