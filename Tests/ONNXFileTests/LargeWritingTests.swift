import Foundation
import IR
import ONNXFile
import TestSupport
import Testing

private func byte(_ place: Int) -> UInt8 { UInt8(truncatingIfNeeded: place &* 31 ^ place >> 9) }

/// Files so large that one thread puts them together and another writes them.
@Suite struct LargeWritingTests {
  /// Weights in memory, mapped and computed, whose lengths are no multiples of anything.
  private func model(mapped: Storage) -> Model {
    var graph = Graph(name: "g")
    func add(_ name: String, _ storage: Storage) {
      _ = graph.addInitializer(name, Tensor(.uint8, [storage.count], storage))
    }
    add("small", Storage([1, 2, 3] as [UInt8]))
    add("mapped", mapped.slice(3..<mapped.count - 1_000_001))
    add(
      "streamed",
      .streamed(count: 3_333_333) { target, offset in
        for index in target.indices { target[index] = byte(offset + index) }
      })
    add("memory", Storage((0..<1_100_003).map { byte($0) }))
    add(
      "deferred",
      .deferred(count: 2_000_003) { target in
        for index in target.indices { target[index] = byte(index &* 3) }
      })
    add("tail", mapped.slice(mapped.count - 700_000..<mapped.count))
    return Model(graph: graph)
  }

  private func mapped(_ folder: TemporaryFolder) throws -> Storage {
    let path = try folder.add("weights", (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 / 3) })
    return try FileBytes.read(path, expecting: "bytes")
  }

  @Test func filesHoldWhatIsEncoded() throws {
    let folder = try TemporaryFolder()
    let model = model(mapped: try mapped(folder))
    try ONNXFile.write(model, to: folder["m.onnx"])
    let written = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder["m.onnx"])))
    let encoded = try ONNXFile.encode(model)
    #expect(written == encoded)
  }

  @Test func aFullDiskIsAnError() throws {
    let folder = try TemporaryFolder()
    let model = model(mapped: try mapped(folder))
    #expect(throws: ModelError.self) { try ONNXFile.write(model, to: "/dev/full") }
  }

  @Test func aFileThatWasCutShortIsAnError() throws {
    let folder = try TemporaryFolder()
    let model = model(mapped: try mapped(folder))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder["weights"]))
    try file.truncate(atOffset: 1 << 20)
    try file.close()
    #expect(throws: ModelError.self) { try ONNXFile.write(model, to: folder["m.onnx"]) }
    #expect(try folder.names == ["weights"])
  }
}
