import IR
import ONNXFile
import Testing

@Suite struct TensorTests {
  private func decode(_ tensor: [UInt8]) throws -> Tensor {
    let model = try ONNXFile.decode(Wire.model(tensor: tensor))
    #expect(try ONNXFile.encode(model) == Wire.model(tensor: tensor))
    let id = try #require(model.graph.value(named: "w"))
    return try #require(model.graph[id].initializer)
  }

  private func bytes(_ tensor: Tensor) -> [UInt8] {
    tensor.storage?.withUnsafeBytes { Array($0) } ?? []
  }

  @Test(
    arguments: [
      (ElementType.float, 4, [0, 0, 128, 63], [0, 0, 128, 63]),
      (.complex64, 4, [0, 0, 128, 63, 0, 0, 0, 64], [0, 0, 128, 63, 0, 0, 0, 64]),
      (.double, 10, [0, 0, 0, 0, 0, 0, 240, 63], [0, 0, 0, 0, 0, 0, 240, 63]),
      (.int32, 5, Wire.varint(-2), [254, 255, 255, 255]),
      (.int8, 5, Wire.varint(-2), [254]), (.uint8, 5, Wire.varint(200), [200]),
      (.int16, 5, Wire.varint(-300), [0xD4, 0xFE]), (.uint16, 5, Wire.varint(65535), [255, 255]),
      (.bool, 5, [1], [1]), (.float16, 5, Wire.varint(0x3C00), [0, 0x3C]),
      (.bfloat16, 5, Wire.varint(0xBF80), [0x80, 0xBF]),
      (.float8e4m3fn, 5, Wire.varint(0xB8), [0xB8]),
      (.int4, 5, Wire.varint(0xF1), [0xF1]), (.uint2, 5, Wire.varint(3), [3]),
      (.float6e2m3, 5, [0x2A], [0x2A]),
      (.int64, 7, Wire.varint(-1), [UInt8](repeating: 255, count: 8)),
      (.uint32, 11, Wire.varint(1 << 31), [0, 0, 0, 128]),
      (.uint64, 11, Wire.varint(-1), [UInt8](repeating: 255, count: 8)),
    ] as [(ElementType, Int, [UInt8], [UInt8])])
  func typedFieldsKeepTheirForm(
    type: ElementType, field: Int, packed: [UInt8], elements: [UInt8]
  ) throws {
    let tensor = try decode(Wire.tensor(type, [1], Wire.field(field, packed)))
    #expect(bytes(tensor) == elements)
    #expect(tensor.encoding == .typed)
    let raw = try decode(Wire.tensor(type, [1], Wire.field(9, elements)))
    #expect(raw == tensor)
    #expect(raw.encoding == .raw)
  }

  @Test("Six bits an element: a stream of bits, and an entry each in int32_data")
  func sixBits() throws {
    let codes: [UInt8] = [1, 2, 63, 0, 33]
    let stream: [UInt8] = [0x81, 0xF0, 0x03, 0x21]
    let typed = try decode(Wire.tensor(.float6e3m2, [5], Wire.field(5, codes)))
    #expect(bytes(typed) == stream)
    #expect(try decode(Wire.tensor(.float6e3m2, [5], Wire.field(9, stream))) == typed)
    // Elements that no longer lie in a file are spread out again.
    var changed = Tensor(.float6e3m2, [5], Storage(stream))
    changed.encoding = .typed
    let input = Wire.model(tensor: Wire.tensor(.float6e3m2, [5], Wire.field(9, stream)))
    var model = try ONNXFile.decode(input)
    model.graph.setInitializer(ValueID(0), changed)
    let output = try ONNXFile.decode(try ONNXFile.encode(model))
    let read = try #require(output.graph[ValueID(0)].initializer)
    #expect(read.encoding == .typed && bytes(read) == stream)
    for (wrong, count) in [([64], 1), ([1, 2], 3), ([1, 2, 3, 4], 3)] as [([UInt8], Int)] {
      #expect(throws: ModelError.self) {
        try decode(Wire.tensor(.float6e2m3, [count], Wire.field(5, wrong)))
      }
    }
  }

  @Test func textsKeepTheirBytes() throws {
    let data = Wire.field(6, [0xFF, 0]) + Wire.field(6, [])
    let tensor = try decode(Wire.tensor(.string, [2], data))
    #expect(tensor == Tensor(strings: [[0xFF, 0], []], [2]))
  }

  @Test func unusualButSoundTensorsComeBack() throws {
    #expect(try decode(Wire.tensor(.float, [0, 3])).count == 0)
    #expect(try decode(Wire.tensor(.float, [0], Wire.field(9, []))).encoding == .raw)
    #expect(try decode(Wire.tensor(.float, [], Wire.field(4, [0, 0, 0, 0]))).dimensions == [])
    // Loaders of external data leave the default location behind.
    _ = try decode(Wire.tensor(.float, [1], Wire.field(9, [0, 0, 0, 0])) + Wire.number(14, 0))
    // Types of later releases.
    let later = ElementType(rawValue: 99)
    #expect(bytes(try decode(Wire.tensor(later, [7], Wire.field(9, [1, 2])))) == [1, 2])
    #expect(try decode(Wire.tensor(later, [2], Wire.field(5, [1, 2]))).elementType == later)
    _ = try decode(Wire.tensor(.undefined, []))
    _ = try decode(Wire.number(1, 0) + Wire.text(8, "w"))
  }

  @Test func entriesInTheOtherSignednessAreAccepted() throws {
    let bytes = Wire.model(tensor: Wire.tensor(.int8, [1], Wire.field(5, Wire.varint(254))))
    let graph = try ONNXFile.decode(bytes).graph
    #expect(graph[ValueID(0)].initializer?.integers == [-2])
  }

  @Test(arguments: [
    (Wire.tensor(.float, [3], Wire.field(9, [1, 2, 3])), "expected 12 bytes of raw_data, found 3"),
    (Wire.tensor(.float, [3]), "expected 3 values in float_data, found 0"),
    (
      Wire.tensor(.double, [1], Wire.field(4, [0, 0, 0, 0])),
      "expected 1 values in double_data, found 0"
    ),
    (Wire.tensor(.float, [-1], Wire.field(9, [])), "expected lengths from 0, found -1"),
    (
      Wire.tensor(.float, [1 << 40, 1 << 40], Wire.field(9, [])),
      "expected fewer than 2^56 elements, found shape [1099511627776, 1099511627776]"
    ),
    (
      Wire.tensor(.double, [1 << 62], Wire.field(9, [])),
      "expected fewer than 2^56 elements, found shape [4611686018427387904]"
    ),
    (Wire.tensor(.int8, [1], Wire.field(5, Wire.varint(256))), "found one out of range"),
    (Wire.tensor(.uint32, [1], Wire.field(11, Wire.varint(-1))), "found one out of range"),
    (Wire.tensor(.string, [1], Wire.field(9, [65])), "found them in raw_data"),
    (
      Wire.tensor(.float, [1], Wire.field(4, [0, 0, 0, 0])) + Wire.field(9, [0, 0, 0, 0]),
      "expected elements in one field, found 2"
    ),
  ])
  func unsoundTensorsAreNamed(fields: [UInt8], reason: String) throws {
    let error = try #require(throws: ModelError.self) {
      try ONNXFile.decode(Wire.model(tensor: fields))
    }
    #expect(error.code == .malformed)
    #expect(error.description.hasPrefix("initializer 'w': "))
    #expect(error.message.hasSuffix(reason), "\(error)")
  }
}
