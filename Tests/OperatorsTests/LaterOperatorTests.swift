import IR
import Operators
import TestSupport
import Testing

/// Operators that came with opset 18 and later.
@Suite("Later operators")
struct LaterOperatorTests {
  @Test("Bits are joined and turned, with broadcasting")
  func bits() throws {
    let a = Tensor(.uint8, [2, 2], Storage([UInt8(0b1100), 0b1010, 0xFF, 0]))
    let b = Tensor(.uint8, [2], Storage([UInt8(0b0110), 0b0011]))
    func run(_ type: String) throws -> [Int]? {
      try evaluate(type, opset: 18, inputs: [a, b])[0].integers
    }
    #expect(try run("BitwiseAnd") == [0b0100, 0b0010, 0b0110, 0])
    #expect(try run("BitwiseOr") == [0b1110, 0b1011, 0xFF, 0b0011])
    #expect(try run("BitwiseXor") == [0b1010, 0b1001, 0xF9, 0b0011])
    let turned = try evaluate("BitwiseNot", opset: 18, inputs: [b])[0]
    #expect(turned.integers == [0xF9, 0xFC])
    #expect(throws: ModelError.self) {
      try evaluate("BitwiseAnd", opset: 18, inputs: [Tensor(floats: [1], [1]), b])
    }
  }

  @Test("The bits of elements stay when their type changes")
  func bitCast() throws {
    let x = Tensor(floats: [1, -2], [2])
    let to = Attribute("to", .int(6))
    let y = try evaluate("BitCast", opset: 26, attributes: [to], inputs: [x])[0]
    #expect(y.integers == [0x3F80_0000, -0x4000_0000])
    #expect(throws: ModelError.self) {
      try evaluate("BitCast", opset: 26, attributes: [Attribute("to", .int(7))], inputs: [x])
    }
  }

  @Test("Running products, from either end, with or without the element itself")
  func products() throws {
    let x = Tensor(floats: [1, 2, 3, 4, 5, 6], [2, 3])
    let axis = Tensor(int64: [1], [])
    func run(_ attributes: [Attribute]) throws -> [Float]? {
      try evaluate("CumProd", opset: 26, attributes: attributes, inputs: [x, axis])[0].floats
    }
    let (reverse, exclusive) = (Attribute("reverse", .int(1)), Attribute("exclusive", .int(1)))
    #expect(try run([]) == [1, 2, 6, 4, 20, 120])
    #expect(try run([reverse]) == [6, 6, 3, 120, 30, 6])
    #expect(try run([exclusive]) == [1, 1, 2, 1, 4, 20])
    #expect(try run([reverse, exclusive]) == [6, 3, 1, 30, 6, 1])
  }

  @Test("The middle is cut out, or zeros are put around it")
  func crop() throws {
    let x = Tensor(floats: [1, 2, 3, 4, 5, 6, 7, 8], [2, 4])
    let y = try evaluate(
      "CenterCropPad", opset: 18, inputs: [x, Tensor(int64: [3, 1], [2])])[0]
    #expect(y.dimensions == [3, 1])
    #expect(y.floats == [2, 6, 0])
    let one = try evaluate(
      "CenterCropPad", opset: 18, attributes: [Attribute("axes", .ints([-1]))],
      inputs: [x, Tensor(int64: [6], [1])])[0]
    #expect(one.floats == [0, 1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0])
  }

  @Test("Positions of a grid, by edges or by middles")
  func grid() throws {
    let theta = Tensor(floats: [2, 0, 0.5, 0, 1, 0], [1, 2, 3])
    let size = Tensor(int64: [1, 1, 1, 2], [4])
    let edges = try evaluate("AffineGrid", opset: 20, inputs: [theta, size])[0]
    #expect(edges.dimensions == [1, 1, 2, 2])
    #expect(edges.floats == [-0.5, 0, 1.5, 0])
    let middles = try evaluate(
      "AffineGrid", opset: 20, attributes: [Attribute("align_corners", .int(1))],
      inputs: [theta, size])[0]
    #expect(middles.floats == [-1.5, 0, 2.5, 0])
  }

  @Test("Columns add up where blocks overlap")
  func columns() throws {
    // Blocks of 1×2 over a row of 3: two positions, the middle in both.
    let x = Tensor(floats: [1, 2, 10, 20], [1, 2, 2])
    let y = try evaluate(
      "Col2Im", opset: 18,
      inputs: [x, Tensor(int64: [1, 3], [2]), Tensor(int64: [1, 2], [2])])[0]
    #expect(y.dimensions == [1, 1, 1, 3])
    #expect(y.floats == [1, 12, 20])
    #expect(throws: ModelError.self) {
      try evaluate(
        "Col2Im", opset: 18,
        inputs: [x, Tensor(int64: [1, 9], [2]), Tensor(int64: [1, 2], [2])])
    }
  }

  @Test("A convolution reads where offsets say, and nothing from outside")
  func deformed() throws {
    let x = Tensor(floats: [1, 2, 3, 4], [1, 1, 2, 2])
    let weight = Tensor(floats: [10], [1, 1, 1, 1])
    // Row offsets, then column offsets, for each of four positions.
    let offsets = Tensor(floats: [0, 0, 0, 5, 0, 0.5, -0.5, 0], [1, 2, 2, 2])
    let bias = Tensor(floats: [1], [1])
    let mask = Tensor(floats: [1, 1, 2, 1], [1, 1, 2, 2])
    let y = try evaluate(
      "DeformConv", opset: 19, inputs: [x, weight, offsets, bias, mask])[0]
    #expect(y.floats == [11, 11, 31, 1])
  }

  @Test("Swish with a factor")
  func swish() throws {
    let y = try evaluate(
      "Swish", opset: 24, attributes: [Attribute("alpha", .float(2))],
      inputs: [Tensor(floats: [0, 1, -1], [3])])[0]
    let values = try #require(y.floats)
    #expect(values[0] == 0)
    #expect(abs(values[1] - 0.880797) < 1e-6)
    #expect(abs(values[2] + 0.119203) < 1e-6)
  }
}
