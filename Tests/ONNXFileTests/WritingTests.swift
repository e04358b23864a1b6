import Foundation
import IR
import ONNXFile
import TestSupport
import Testing

@Suite struct WritingTests {
  private func model(_ floats: [Float]) -> Model {
    var graph = Graph(name: "g")
    _ = graph.addInitializer("w", Tensor(floats: floats, [floats.count]))
    return Model(graph: graph)
  }

  private func weights(_ model: Model) throws -> Tensor {
    let id = try #require(model.graph.value(named: "w"))
    return try #require(model.graph[id].initializer)
  }

  @Test func existingFilesKeepTheirPermissions() throws {
    let folder = try TemporaryFolder()
    let path = try folder.add("m.onnx", [1])
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    try ONNXFile.write(model([1]), to: path)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
    #expect(try folder.names == ["m.onnx"])
    #expect(try weights(ONNXFile.read(path)).floats == [1])
  }

  @Test func linksStayLinks() throws {
    let folder = try TemporaryFolder()
    try folder.add("real.onnx", [1])
    try FileManager.default.createSymbolicLink(
      atPath: folder["link.onnx"], withDestinationPath: "real.onnx")
    try ONNXFile.write(model([2]), to: folder["link.onnx"])
    #expect(try weights(ONNXFile.read(folder["real.onnx"])).floats == [2])
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder["link.onnx"]) == "real.onnx")
  }

  @Test func failuresLeaveNothingBehind() throws {
    let folder = try TemporaryFolder()
    let old = try folder.add("m.onnx", [1, 2, 3])
    try FileManager.default.createDirectory(
      atPath: folder["data"], withIntermediateDirectories: false)
    #expect(throws: ModelError.self) {
      try ONNXFile.write(model([1]), to: old, .external(file: "data"))
    }
    #expect(try folder.bytes("m.onnx") == [1, 2, 3])
    #expect(try folder.names == ["data", "m.onnx"])
    for target in ["nowhere/m.onnx", "data"] {
      let error = try #require(throws: ModelError.self) {
        try ONNXFile.write(model([1]), to: folder[target])
      }
      #expect(error.code == .file)
      #expect(error.description.hasPrefix("\"\(folder[target])\": expected a file to write to"))
    }
    #expect(try folder.names == ["data", "m.onnx"])
  }

  @Test func aFullDiskIsAnError() throws {
    let error = try #require(throws: ModelError.self) {
      try ONNXFile.write(model([1]), to: "/dev/full")
    }
    #expect(
      error.description
        == "\"/dev/full\": expected room to write it, found: no space left on device")
  }

  @Test func aModelCanReplaceItsOwnFile() throws {
    let folder = try TemporaryFolder()
    let floats = (0..<100_000).map { Float($0) }
    try ONNXFile.write(model(floats), to: folder["m.onnx"], .external(file: "m.data"))
    let read = try ONNXFile.read(folder["m.onnx"])
    try ONNXFile.write(read, to: folder["m.onnx"], .external(file: "m.data"))
    #expect(try weights(ONNXFile.read(folder["m.onnx"])).floats == floats)
  }

  @Test func manyPiecesAreWrittenInOrder() throws {
    let folder = try TemporaryFolder()
    var graph = Graph(name: "g")
    for index in 0..<1500 {
      _ = graph.addInitializer("w", Tensor(int64: [Int](repeating: index, count: 200), [200]))
    }
    let model = Model(graph: graph)
    try ONNXFile.write(model, to: folder["m.onnx"])
    #expect(try folder.bytes("m.onnx") == ONNXFile.encode(model))
  }
}
