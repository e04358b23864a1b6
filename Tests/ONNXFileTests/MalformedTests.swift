import Foundation
import IR
import ONNXFile
import TestSupport
import Testing

@Suite struct MalformedTests {
  private func error(reading bytes: [UInt8]) throws -> ModelError {
    try #require(throws: ModelError.self) { try ONNXFile.decode(bytes) }
  }

  @Test func filesThatAreNoModelsAreNamed() throws {
    let folder = try TemporaryFolder()
    func check(_ name: String, _ code: ModelError.Code, _ found: String) throws {
      let error = try #require(throws: ModelError.self) { try ONNXFile.read(folder[name]) }
      #expect(error.code == code)
      #expect(
        error.description == "\"\(folder[name])\": expected an ONNX model, found \(found)")
    }
    try check("missing.onnx", .file, "no such file")
    try folder.add("empty.onnx", [])
    try check("empty.onnx", .file, "an empty file")
    try folder.add("text.onnx", Array("#!/bin/sh\necho no model\n".utf8))
    try check("text.onnx", .malformed, "a text file")
    try folder.add("lfs.onnx", Array("version https://git-lfs.github.com/spec/v1\noid 0\n".utf8))
    try check("lfs.onnx", .malformed, "a Git LFS pointer")
    try folder.add("other.onnx", Wire.text(3, "\u{1}"))
    try check("other.onnx", .malformed, "a file of another kind")
    try folder.add("bare.onnx", Wire.number(1, 8))
    try check("bare.onnx", .malformed, "one without a graph")
    try FileManager.default.createDirectory(
      atPath: folder["folder.onnx"], withIntermediateDirectories: false)
    try check("folder.onnx", .file, "a directory")
  }

  @Test func everyTruncationIsAnError() throws {
    let bytes = Wire.model(
      graph: Wire.field(1, Wire.node("Relu", ["x"], ["y"])) + Wire.text(2, "g"))
    for count in 1..<bytes.count {
      let result = Result { try ONNXFile.decode(Array(bytes.prefix(count))) }
      // Cuts between the fields of the model leave a shorter one.
      if case .failure(let error as ModelError) = result { #expect(error.code == .malformed) }
    }
    let error = try error(reading: Array(bytes.dropLast(8)))
    #expect(error.message.contains("cut short: field 'graph' of ModelProto at byte 2 needs"))
  }

  @Test func lengthsBeyondTheFileAreErrors() throws {
    let bytes = Wire.number(1, 8) + Wire.varint(7 << 3 | 2) + Wire.varint(1 << 32)
    let error = try error(reading: bytes + [UInt8](repeating: 1, count: 90))
    #expect(error.message.contains("needs 4294967296 bytes, 90 are left"))
    let huge = Wire.number(1, 8) + Wire.varint(7 << 3 | 2) + Wire.varint(-1)
    #expect(try self.error(reading: huge).code == .malformed)
  }

  @Test func deepNestingIsAnError() throws {
    var graph = Wire.text(2, "g")
    for _ in 0..<5000 {
      graph = Wire.field(1, Wire.field(5, Wire.field(6, graph)))
    }
    let error = try error(reading: Wire.model(graph: graph))
    #expect(error.code == .limit)
    #expect(error.message.hasPrefix("expected at most 128 levels of messages"))
  }

  @Test func nestingWithinTheLimitIsRead() throws {
    var graph = Wire.text(2, "g")
    for _ in 0..<40 {
      graph = Wire.field(
        1,
        Wire.text(4, "If")
          + Wire.field(5, Wire.text(1, "g") + Wire.field(6, graph) + Wire.number(20, 5)))
    }
    let bytes = Wire.model(graph: graph)
    #expect(try ONNXFile.encode(try ONNXFile.decode(bytes)) == bytes)
  }

  @Test func bytesThatUnpackToFarMoreAreErrors() throws {
    let nodes = [UInt8]([0x0A, 0].joinedCopies(1_500_000))
    #expect(try error(reading: Wire.model(graph: nodes)).code == .limit)
    let graphs = Wire.number(1, 8) + Wire.field(7, [0x0A, 0]).joinedCopies(400_000)
    #expect(try error(reading: graphs).code == .limit)
  }

  @Test(arguments: [
    (Wire.number(7, 1), "wire type 0 in place of 2"), ([0x3B, 0x3C], "a group in"),
    ([0x08] + [UInt8](repeating: 0x80, count: 10) + [0], "an overlong or unfinished number"),
    ([0x00, 0x01], "no field of ModelProto"), ([0x0F], "no field of ModelProto"),
    (
      Wire.field(7, Wire.field(1, Wire.field(5, Wire.field(8, [0x80])))),
      "an overlong or unfinished number in field 'ints' of AttributeProto"
    ),
    (Wire.field(7, Wire.field(1, Wire.field(5, Wire.field(7, [0, 0, 0])))), "field 'floats'"),
  ])
  func brokenFramingIsNamed(bytes: [UInt8], reason: String) throws {
    let error = try error(reading: Wire.number(1, 8) + bytes)
    #expect(error.code == .malformed)
    #expect(error.message.contains(reason), "\(error)")
  }

  @Test(arguments: [
    (
      Wire.field(1, Wire.node("Relu", ["x"], ["y"], name: "a"))
        + Wire.field(1, Wire.node("Abs", ["x"], ["y"], name: "b")),
      "Abs 'b', output 'y': expected a name of its own, found the output of Relu 'a'"
    ),
    (
      Wire.field(1, Wire.node("Split", ["x"], ["y", "y"])),
      "Split of 'y', output 'y': expected a name of its own, found it twice in the node"
    ),
    (
      Wire.field(11, Wire.text(1, "x")) + Wire.field(11, Wire.text(1, "x")),
      "input 'x': expected inputs with different names, found two of this one"
    ),
    (
      Wire.field(5, Wire.tensor(.float, [0])) + Wire.field(5, Wire.tensor(.float, [0])),
      "initializer 'w': expected one tensor of this name, found another"
    ),
    (Wire.field(5, Wire.number(1, 0)), "initializer 0: expected a name, found none"),
    (Wire.field(12, []), "output 0: expected a name, found none"),
  ])
  func clashingNamesAreErrors(graph: [UInt8], message: String) throws {
    let error = try error(reading: Wire.model(graph: graph))
    #expect(error.code == .invalid)
    #expect(error.description == message)
  }

  @Test func nodesOutOfOrderAreSortedAndReported() throws {
    let relu = Wire.field(1, Wire.node("Relu", ["y"], ["z"]))
    let abs = Wire.field(1, Wire.node("Abs", ["x"], ["y"]))
    let ends = Wire.field(11, Wire.text(1, "x")) + Wire.field(12, Wire.text(1, "z"))
    let model = try ONNXFile.decode(Wire.model(graph: relu + abs + ends))
    #expect(try ONNXFile.encode(model) == Wire.model(graph: abs + relu + ends))
    #expect(model.readingNotes.count == 1)
    try model.checkInvariants()
  }

  @Test func seededMutationsNeverCrash() throws {
    let paths = [
      "node/test_loop11", "node/test_if", "node/test_constantofshape_float_ones",
      "simple/test_sign_model", "node/test_sequence_map_identity_1_sequence_1_tensor",
    ]
    var state: UInt64 = 1
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for path in paths {
      let file = "/usr/share/libonnx-testdata/data/\(path)/model.onnx"
      let source = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
      for _ in 0..<2000 {
        var bytes = source
        for _ in 0...random(4) { bytes[random(bytes.count)] = UInt8(random(256)) }
        guard let model = try? ONNXFile.decode(bytes) else { continue }
        let encoded = try ONNXFile.encode(model)
        #expect(try ONNXFile.encode(try ONNXFile.decode(encoded)) == encoded)
      }
    }
  }
}

extension [UInt8] {
  fileprivate func joinedCopies(_ count: Int) -> [UInt8] {
    Array(repeatElement(self, count: count).joined())
  }
}
