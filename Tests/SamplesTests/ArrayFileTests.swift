import Foundation
import IR
import Samples
import TestSupport
import Testing

@Suite struct ArrayFileTests {
  /// What numpy.savez_compressed writes for image = arange(6.0).reshape(3, 2), labels = [2, 0, 1].
  static let archive = """
    UEsDBC0AAAAIAAAAIQCOE9Q0//////////8JABQAaW1hZ2UubnB5AQAQALAAAAAAAAAAVwAAAAAAAACb7BfqGxDJyF
    DGUK2eklqcXKRupaBuk2ahrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOgpGmjoKtQpkAy4GFPDBHspw
    gFAcUFoASos4AABQSwMELQAAAAgAAAAhAIoazhP//////////woAFABsYWJlbHMubnB5AQAQAJgAAAAAAAAASgAAAA
    AAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOpo6CrUK
    FAAuJgZUwAilAVBLAQItAy0AAAAIAAAAIQCOE9Q0VwAAALAAAAAJAAAAAAAAAAAAAACAAQAAAABpbWFnZS5ucHlQSw
    ECLQMtAAAACAAAACEAihrOE0oAAACYAAAACgAAAAAAAAAAAAAAgAGSAAAAbGFiZWxzLm5weVBLBQYAAAAAAgACAG8A
    AAAYAQAAAAA=
    """

  private func storage(_ base64: String) throws -> Storage {
    let data = Data(base64Encoded: base64, options: .ignoreUnknownCharacters)
    return Storage([UInt8](try #require(data)))
  }

  private func npy(_ header: String, _ elements: [UInt8], version: UInt8 = 1) -> Storage {
    let length = UInt8(header.utf8.count)
    let prefix = [0x93] + Array("NUMPY".utf8) + [version, 0, length, 0]
    return Storage(prefix + (version == 1 ? [] : [0, 0]) + Array(header.utf8) + elements)
  }

  private func joined(_ pieces: [Storage]) -> [UInt8] {
    pieces.flatMap { $0.withUnsafeBytes { Array($0) } }
  }

  @Test func deflatedArchivesAreRead() throws {
    let arrays = try NPZ.decode(try storage(Self.archive))
    #expect(arrays.map(\.name) == ["image", "labels"])
    #expect(arrays[0].tensor.dimensions == [3, 2])
    #expect(arrays[0].tensor.doubles == [0, 1, 2, 3, 4, 5])
    #expect(arrays[1].tensor.integers == [2, 0, 1])
  }

  @Test func damagedArchivesAreErrors() throws {
    let bytes = joined([try storage(Self.archive)])
    for count in 0..<bytes.count {
      #expect(throws: ModelError.self) { try NPZ.decode(Storage(Array(bytes.prefix(count)))) }
    }
    var state: UInt64 = 7
    for _ in 0..<5000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var changed = bytes
      changed[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 24)
      _ = try? NPZ.decode(Storage(changed))
    }
  }

  @Test func arraysComeBack() throws {
    let folder = try TemporaryFolder()
    let tensors = [
      Tensor(floats: [1, 2, 3], [3]), Tensor(int64: [-1], []), Tensor(floats: [], [0, 4]),
      Tensor(.bool, [2, 1], Storage([1, 0] as [UInt8])),
      Tensor(.float16, [1, 1, 2], Storage([0x3C00, 0x4000] as [UInt16])),
    ]
    for tensor in tensors {
      try NPY.write(tensor, to: folder["t.npy"])
      #expect(try NPY.read(folder["t.npy"]) == tensor)
      #expect(try folder.bytes("t.npy").count == 128 + tensor.byteCount)
    }
    let named = tensors.enumerated().map { (name: "t\($0)", tensor: $1) }
    try NPZ.write(named, to: folder["t.npz"])
    let again = try NPZ.read(folder["t.npz"])
    #expect(again.map(\.name) == named.map(\.name))
    #expect(again.map(\.tensor) == tensors)
  }

  @Test(arguments: [1, 2, 3] as [UInt8]) func allVersionsAreRead(version: UInt8) throws {
    let header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }\n"
    let tensor = try NPY.decode(npy(header, [1, 0, 255, 255], version: version))
    #expect(tensor.integers == [1, -1])
  }

  @Test(arguments: [
    ("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "found NumPy's type '>f4'"),
    ("{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }", "found NumPy's type '<U4'"),
    ("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "found one in Fortran order"),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
      "expected 8 bytes of float[2], found 4"
    ),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "found '(-1,)'"),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
      "expected fewer than 2^63 bytes of float[4611686018427387904,4], found 4"
    ),
    ("{'descr': '<f4', 'fortran_order': False}", "expected 'shape' in the header"),
    ("{}", "expected 'descr' in the header"),
  ])
  func arraysThatCannotBeReadAreNamed(header: String, reason: String) throws {
    let error = try #require(throws: ModelError.self) { try NPY.decode(npy(header, [0, 0, 0, 0])) }
    #expect(error.message.contains(reason), "\(error)")
  }

  @Test func typesThatNumPyLacksAreRefused() {
    #expect(throws: ModelError.self) { try NPY.encode(Tensor(strings: [[65]], [1])) }
    #expect(throws: ModelError.self) {
      try NPY.encode(Tensor(.bfloat16, [1], Storage([0, 0] as [UInt8])))
    }
  }
}
