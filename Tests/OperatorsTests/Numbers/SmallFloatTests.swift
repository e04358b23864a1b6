import IR
import Operators
import TestSupport
import Testing

/// Conversion to and from the formats of one byte and less, whose codes ONNX tabulates
/// (https://onnx.ai/onnx/technical/float8.html).
@Suite("Small number formats")
struct SmallFloatTests {
  private func cast(
    _ x: Tensor, to type: ElementType, _ attributes: [Attribute] = []
  ) throws -> [UInt8] {
    let all = attributes + [Attribute("to", .int(Int(type.rawValue)))]
    let y = try evaluate("Cast", opset: 28, attributes: all, inputs: [x])[0]
    #expect(y.elementType == type)
    return y.storage.map { Array($0.bytes) } ?? []
  }

  private let special = Tensor(
    floats: [.nan, .infinity, -.infinity, 1e9, -1e9, 0, -0.0, 1e-12], [8])

  @Test("Numbers that do not fit saturate, or become infinite or NaN")
  func saturates() throws {
    let no = [Attribute("saturate", .int(0))]
    let cases: [(ElementType, [UInt8], [UInt8])] = [
      (
        .float8e4m3fn, [0x7F, 0x7E, 0xFE, 0x7E, 0xFE, 0, 0x80, 0],
        [0x7F, 0x7F, 0xFF, 0x7F, 0xFF, 0, 0x80, 0]
      ),
      (
        .float8e4m3fnuz, [0x80, 0x7F, 0xFF, 0x7F, 0xFF, 0, 0, 0],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0, 0, 0]
      ),
      (
        .float8e5m2, [0x7E, 0x7B, 0xFB, 0x7B, 0xFB, 0, 0x80, 0],
        [0x7E, 0x7C, 0xFC, 0x7C, 0xFC, 0, 0x80, 0]
      ),
      (
        .float8e5m2fnuz, [0x80, 0x7F, 0xFF, 0x7F, 0xFF, 0, 0, 0],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0, 0, 0]
      ),
    ]
    for (type, saturated, plain) in cases {
      #expect(try cast(special, to: type) == saturated, "\(type)")
      #expect(try cast(special, to: type, no) == plain, "\(type)")
    }
  }

  @Test(
    "Every code survives the way to float and back",
    arguments: [
      ElementType.float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0,
      .float4e2m1, .float6e2m3, .float6e3m2,
    ])
  func roundTrip(type: ElementType) throws {
    // Of codes of less than a byte, all pairs or so; three bytes hold four of six bits.
    let bits = try #require(type.bitWidth)
    let codes = (0..<(bits == 6 ? 255 : 256)).map { UInt8($0) }
    let count = codes.count * 8 / bits
    let float = [Attribute("to", .int(1))]
    let wide = try evaluate(
      "Cast", opset: 28, attributes: float, inputs: [Tensor(type, [count], Storage(codes))])[0]
    let back = try cast(wide, to: type, [Attribute("saturate", .int(0))])
    let floats = try #require(wide.floats)
    for (index, code) in codes.enumerated() where bits < 8 || !floats[index].isNaN {
      // The smallest scale is subnormal as a float, and goes up.
      if type == .float8e8m0, code == 0 { continue }
      #expect(back[index] == code, "\(type) \(code)")
    }
  }

  @Test("Six bits: values as the microscaling formats have them, without infinities")
  func sixBits() throws {
    let x = Tensor(floats: [.nan, .infinity, -100, -0.0, 1.3, 0.06, 0.1, 30], [8])
    // Codes 32 31 63 32 10 0 1 31 and 32 31 63 32 13 1 2 31, six bits each from the lowest on.
    #expect(try cast(x, to: .float6e2m3) == [0xE0, 0xF7, 0x83, 0x0A, 0x10, 0x7C])
    #expect(try cast(x, to: .float6e3m2) == [0xE0, 0xF7, 0x83, 0x4D, 0x20, 0x7C])
  }

  @Test("Halves go to even, and subnormal numbers are exact")
  func rounding() throws {
    // e4m3fn: steps of 1/8 at 1, of 2^-9 below 2^-6, of 32 at the top.
    let x = Tensor(floats: [1.0625, 1.1875, 0.0009765625, 0.0029296875, 464, 465], [6])
    #expect(try cast(x, to: .float8e4m3fn) == [0x38, 0x3A, 0, 2, 0x7E, 0x7E])
    let no = [Attribute("saturate", .int(0))]
    #expect(try cast(x, to: .float8e4m3fn, no) == [0x38, 0x3A, 0, 2, 0x7E, 0x7F])
    let four = Tensor(floats: [0.25, 0.75, 2.5, 5, -7, 0.26], [6])
    #expect(try cast(four, to: .float4e2m1) == [0x20, 0x64, 0x1F])
  }

  @Test("Doubles are rounded once")
  func once() throws {
    // Just above the middle of two numbers of each format; a float between would land on it.
    let half = Tensor(.double, [1], Storage([1 + 0x1p-11 + 0x1p-40]))
    let brain = Tensor(.double, [1], Storage([1 + 0x1p-8 + 0x1p-40]))
    func bits(_ x: Tensor, _ type: Int) throws -> UInt16? {
      let y = try evaluate(
        "Cast", opset: 13, attributes: [Attribute("to", .int(type))], inputs: [x])[0]
      return y.storage?.bytes.load(as: UInt16.self)
    }
    #expect(try bits(half, 10) == 0x3C01)
    #expect(try bits(brain, 16) == 0x3F81)
  }

  @Test("Scales that are powers of two round as told")
  func powers() throws {
    let x = Tensor(floats: [1, 1.1, 1.5, 1.9, 0, .infinity, 3.4e38], [7])
    func codes(_ mode: String) throws -> [UInt8] {
      try cast(x, to: .float8e8m0, [Attribute("round_mode", .string(Array(mode.utf8)))])
    }
    #expect(try codes("up") == [127, 128, 128, 128, 0, 255, 254])
    #expect(try codes("down") == [127, 127, 127, 127, 0, 255, 254])
    #expect(try codes("nearest") == [127, 127, 128, 128, 0, 255, 254])
  }

  @Test("Packed elements go through operators that only move them")
  func moved() throws {
    let x = Tensor(.int4, [3, 2], Storage([UInt8(0x21), 0x43, 0xF5]))
    let y = try evaluate("Transpose", opset: 21, inputs: [x])[0]
    #expect(y.elementType == .int4)
    #expect(y.dimensions == [2, 3])
    #expect(y.storage.map { Array($0.bytes) } == [0x31, 0x25, 0xF4])
  }
}
