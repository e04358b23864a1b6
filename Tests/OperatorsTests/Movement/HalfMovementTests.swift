import IR
import TestSupport
import Testing

/// 16-bit floats: converted like Swift's own, and moved as they are.
@Suite("16-bit floats")
struct HalfMovementTests {
  private func tensor(_ bits: [UInt16], _ shape: [Int], _ type: ElementType = .float16) -> Tensor {
    Tensor(type, shape, Storage(bits.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }))
  }

  private func bits(_ tensor: Tensor) throws -> [UInt16] {
    let storage = try #require(tensor.storage?.aligned(to: 2))
    return storage.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
  }

  private func cast(_ tensor: Tensor, _ type: ElementType) throws -> Tensor {
    let to = Attribute("to", .int(Int(type.rawValue)))
    return try evaluate("Cast", opset: 13, attributes: [to], inputs: [tensor])[0]
  }

  @Test("Every float16 becomes the float of the same value")
  func widening() throws {
    let all = Array(UInt16.min...UInt16.max)
    let floats = try #require(try cast(tensor(all, [all.count]), .float).floats)
    let wrong = zip(all, floats).filter { code, value in
      let wanted = Float(Float16(bitPattern: code))
      return wanted.isNaN ? !value.isNaN : wanted.bitPattern != value.bitPattern
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(3))")
  }

  @Test("Floats become the nearest float16, half to even")
  func narrowing() throws {
    // The ends of every float16's neighbourhood and what lies beside them, and others.
    var values: [Float] = []
    for code in stride(from: UInt32(0), to: 0x8000_0000, by: 0x1000) {
      for pattern in [code &- 1, code, code &+ 1, code &+ 0x5A5] {
        values += [Float(bitPattern: pattern), -Float(bitPattern: pattern)]
      }
    }
    let codes = try bits(try cast(Tensor(floats: values, [values.count]), .float16))
    let wrong = zip(values, codes).filter { value, code in
      let wanted = Float16(value)
      return wanted.isNaN ? !Float16(bitPattern: code).isNaN : wanted.bitPattern != code
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(3))")
  }

  /// Bits that a change to floats and back would not keep: NaNs that signal.
  private let codes: [UInt16] = (0..<24).map { 0x7C01 + $0 * 7 }

  private func integers(_ values: [Int64]) -> Tensor {
    Tensor(int64: values.map { Int($0) }, [values.count])
  }

  @Test("What only moves elements keeps all bits", arguments: [ElementType.float16, .bfloat16])
  func movement(type: ElementType) throws {
    let x = tensor(type == .bfloat16 ? codes.map { $0 | 0x7F80 } : codes, [2, 3, 4], type)
    let wide = try cast(x, .float)
    let plane = tensor(codes.map { $0 | 0x7F80 }, [1, 4, 2, 3], type)
    let spread = tensor(codes.map { $0 | 0x7F80 }, [1, 1, 4, 6], type)
    let rows = Tensor(int64: [1, 0, 1, 1, 0, 1, 0, 0], [2, 1, 4])
    let cases: [(String, [Attribute], [Tensor?], [Tensor?])] = [
      ("Reshape", [], [x, integers([4, 6])], [wide, integers([4, 6])]),
      ("Flatten", [], [x], [wide]), ("Identity", [], [x], [wide]),
      ("Unsqueeze", [], [x, integers([1])], [wide, integers([1])]),
      ("Concat", [Attribute("axis", .int(1))], [x, x], [wide, wide]),
      (
        "Slice", [], [x, integers([1]), integers([3]), integers([2])],
        [wide, integers([1]), integers([3]), integers([2])]
      ),
      ("Split", [Attribute("axis", .int(1))], [x, integers([3])], [wide, integers([3])]),
      ("Tile", [], [x, integers([1, 2, 1])], [wide, integers([1, 2, 1])]),
      ("Expand", [], [x, integers([2, 1, 3, 4])], [wide, integers([2, 1, 3, 4])]),
      ("Gather", [Attribute("axis", .int(1))], [x, integers([2, 0])], [wide, integers([2, 0])]),
      ("GatherElements", [Attribute("axis", .int(0))], [x, rows], [wide, rows]),
      ("GatherND", [], [x, integers([1, 2])], [wide, integers([1, 2])]),
      ("DepthToSpace", [Attribute("blocksize", .int(2))], [plane], [try cast(plane, .float)]),
      ("SpaceToDepth", [Attribute("blocksize", .int(2))], [spread], [try cast(spread, .float)]),
    ]
    for (op, attributes, half, float) in cases {
      let y = try evaluate(op, opset: 13, attributes: attributes, inputs: half)[0]
      let z = try evaluate(op, opset: 13, attributes: attributes, inputs: float)[0]
      #expect(y.elementType == type && y.dimensions == z.dimensions, "\(op)")
      // Where elements went shows in the floats; that their bits are whole, in the set of them.
      #expect(try bits(try cast(y, .float)) == bits(z), "\(op)")
      #expect(Set(try bits(y)).isSubset(of: Set(try bits(half[0] ?? x))), "\(op)")
    }
    #expect(try evaluate("Shape", opset: 13, inputs: [x])[0].integers == [2, 3, 4])
    #expect(try evaluate("Size", opset: 13, inputs: [x])[0].integers == [24])
  }
}
