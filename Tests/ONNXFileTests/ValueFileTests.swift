import IR
import ONNXFile
import TestSupport
import Testing

@Suite("Files of sequences and optionals")
struct ValueFileTests {
  private let tensors = ValueType.sequence(.tensor(TensorType(.float, nil)))

  @Test("values come back as they were written")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let sequence = Datum.sequence(
      [
        .tensor(Tensor(floats: [1, 2], [2])), .tensor(Tensor(floats: [], [0])),
      ], of: .tensor(TensorType(.float, nil)))
    let values: [(Datum, ValueType)] = [
      (sequence, tensors), (.optional(sequence, of: tensors), .optional(tensors)),
      (.optional(nil, of: tensors), .optional(tensors)),
      (.sequence([sequence, sequence], of: tensors), .sequence(tensors)),
      (.tensor(Tensor(int64: [7], [])), .tensor(TensorType(.int64, []))),
    ]
    for (value, type) in values {
      try ONNXFile.writeValue(value, name: "v", to: folder["v.pb"])
      #expect(try ONNXFile.readValue(folder["v.pb"], as: type) == value)
    }
  }

  @Test(
    "bytes that are no value are refused",
    arguments: [
      [0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x1a], [0x0f], [0x0d, 1],
      [0x2a, 0],
    ] as [[UInt8]])
  func malformed(bytes: [UInt8]) throws {
    let folder = try TemporaryFolder()
    let path = try folder.add("v.pb", bytes)
    #expect(throws: ModelError.self) { try ONNXFile.readValue(path, as: tensors) }
  }
}
