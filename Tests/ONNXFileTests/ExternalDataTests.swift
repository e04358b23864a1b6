import Foundation
import IR
import ONNXFile
import TestSupport
import Testing

@Suite struct ExternalDataTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ entries: KeyValuePairs<String, String>, _ type: ElementType = .float) throws
  {
    let tensor = Wire.tensor(type, [2]) + Wire.external(entries)
    try folder.add("m.onnx", Wire.model(tensor: tensor))
  }

  private func read() throws -> Tensor {
    let graph = try ONNXFile.read(folder["m.onnx"]).graph
    return try #require(graph[ValueID(0)].initializer)
  }

  @Test(arguments: [0, 4, 3]) func elementsAreReadFromTheFile(offset: Int) throws {
    let elements: [UInt8] = [0, 0, 128, 63, 0, 0, 0, 64]
    try folder.add("w.bin", [UInt8](repeating: 9, count: offset) + elements)
    try write(["location": "w.bin", "offset": "\(offset)", "length": "8"])
    let tensor = try read()
    #expect(tensor.floats == [1, 2])
    guard case .external(let entries) = tensor.encoding else {
      Issue.record("expected an external encoding")
      return
    }
    #expect(entries.map(\.key) == ["location", "offset", "length"])
    // Written back, the elements are in the model.
    try ONNXFile.write(try ONNXFile.read(folder["m.onnx"]), to: folder["n.onnx"])
    let inline = Wire.model(tensor: Wire.tensor(.float, [2], Wire.field(9, elements)))
    #expect(try folder.bytes("n.onnx") == inline)
  }

  @Test("A way out of a folder below the model's and back into it stays inside")
  func throughAFolder() throws {
    try FileManager.default.createDirectory(
      atPath: folder["sub"], withIntermediateDirectories: true)
    try folder.add("w.bin", [0, 0, 128, 63, 0, 0, 0, 64])
    try write(["location": "./sub/../w.bin"])
    #expect(try read().floats == [1, 2])
  }

  @Test(
    arguments: [
      (["location": "missing.bin"], "found no such file or directory"),
      (["location": "/etc/passwd"], "expected a path inside the model's folder"),
      (["location": "../w.bin"], "expected a path inside the model's folder"),
      (["location": "a/../../w.bin"], "expected a path inside the model's folder"),
      (["location": ""], "expected a path inside the model's folder"),
      (["offset": "0"], "expected a path inside the model's folder"),
      (["location": "link.bin"], "found a link that leaves it"),
      (["location": "linked/passwd"], "found a link that leaves it"),
      (["location": "sub"], "expected a regular file"),
      (
        ["location": "w.bin", "offset": "1"],
        "expected 8 bytes at offset 1 of external data 'w.bin'"
      ),
      (["location": "w.bin", "offset": "9000000000000000000"], "found a file of 8"),
      (["location": "w.bin", "offset": "-1"], "as offset of external data, found '-1'"),
      (["location": "w.bin", "length": "many"], "as length of external data, found 'many'"),
      (["location": "w.bin", "length": "4"], "expected 8 bytes of external data, found 4"),
    ] as [(KeyValuePairs<String, String>, String)])
  func unsafeOrWrongPlacesAreRefused(
    entries: KeyValuePairs<String, String>, reason: String
  ) throws {
    try folder.add("w.bin", [UInt8](repeating: 0, count: 8))
    let files = FileManager.default
    try files.createDirectory(atPath: folder["sub"], withIntermediateDirectories: false)
    try files.createSymbolicLink(atPath: folder["link.bin"], withDestinationPath: "/etc/passwd")
    try files.createSymbolicLink(atPath: folder["linked"], withDestinationPath: "/etc")
    try write(entries)
    let error = try #require(throws: ModelError.self) { try read() }
    #expect(error.description.hasPrefix("\"\(folder["m.onnx"])\": initializer 'w': "))
    #expect(error.message.contains(reason), "\(error)")
  }

  @Test func linksInsideTheFolderAreFollowed() throws {
    try folder.add("w.bin", [UInt8](repeating: 0, count: 8))
    try FileManager.default.createSymbolicLink(
      atPath: folder["link.bin"], withDestinationPath: "w.bin")
    try write(["location": "link.bin"])
    #expect(try read().floats == [0, 0])
  }

  @Test("The layout of model hubs' caches: model and weights are links to files beside each other")
  func linksOfHubsAreFollowed() throws {
    let files = FileManager.default
    for name in ["blobs", "snapshots", "elsewhere"] {
      try files.createDirectory(atPath: folder[name], withIntermediateDirectories: false)
    }
    let tensor = Wire.tensor(.float, [2]) + Wire.external(["location": "m.onnx.data"])
    try folder.add("blobs/1234", Wire.model(tensor: tensor))
    try folder.add("blobs/5678", [UInt8](repeating: 0, count: 8))
    try folder.add("elsewhere/5678", [UInt8](repeating: 0, count: 8))
    try files.createSymbolicLink(
      atPath: folder["snapshots/m.onnx"], withDestinationPath: "../blobs/1234")
    try files.createSymbolicLink(
      atPath: folder["snapshots/m.onnx.data"], withDestinationPath: "../blobs/5678")
    let graph = try ONNXFile.read(folder["snapshots/m.onnx"]).graph
    #expect(graph[ValueID(0)].initializer?.floats == [0, 0])
    try files.removeItem(atPath: folder["snapshots/m.onnx.data"])
    try files.createSymbolicLink(
      atPath: folder["snapshots/m.onnx.data"], withDestinationPath: "../elsewhere/5678")
    let error = try #require(throws: ModelError.self) {
      try ONNXFile.read(folder["snapshots/m.onnx"])
    }
    #expect(error.message.contains("found a link that leaves it"))
  }

  @Test("A reader may ask for a model whose weights are not there, and hears of it")
  func absentWeights() throws {
    try write(["location": "w.bin", "offset": "4"])
    #expect(throws: ModelError.self) { try read() }
    let model = try ONNXFile.read(folder["m.onnx"], allowingAbsentData: true)
    #expect(
      model.readingNotes == [
        "external data 'w.bin' was not found: the elements of 1 tensor are not known"
      ])
    let tensor = try #require(model.graph[ValueID(0)].initializer)
    #expect(tensor.isAbsent && tensor.dimensions == [2])
    #expect(model.text().contains("absent"))
    // Links that leave the folder are no absent files.
    try write(["location": "/etc/passwd"])
    #expect(throws: ModelError.self) {
      try ONNXFile.read(folder["m.onnx"], allowingAbsentData: true)
    }
  }

  @Test func modelsInMemoryHaveNoFolder() throws {
    let tensor = Wire.tensor(.float, [2]) + Wire.external(["location": "w.bin"])
    let error = try #require(throws: ModelError.self) {
      try ONNXFile.decode(Wire.model(tensor: tensor))
    }
    #expect(error.code == .file)
  }

  @Test func largeInitializersGoToTheFile() throws {
    var graph = Graph(name: "g")
    let small = graph.addInitializer("small", Tensor(floats: [1, 2, 3], [3]))
    let middle = graph.addInitializer(
      "middle", Tensor(floats: [Float](repeating: 5, count: 300), [300]))
    let count = 1 << 18
    let large = graph.addInitializer(
      "large", Tensor(floats: (0..<count).map { Float($0) }, [count]))
    try ONNXFile.write(Model(graph: graph), to: folder["m.onnx"], .external(file: "w.data"))
    #expect(try folder.bytes("w.data").count == 4096 + 4 * count)

    let again = try ONNXFile.read(folder["m.onnx"]).graph
    for id in [small, middle, large] { #expect(again[id].initializer == graph[id].initializer) }
    #expect(again[small].initializer?.encoding == .raw)
    guard case .external(let entries) = again[large].initializer?.encoding else {
      Issue.record("expected an external encoding")
      return
    }
    #expect(entries.map(\.value) == ["w.data", "4096", "\(4 * count)"])
  }

  @Test(arguments: ["", "a/b", "..", "m.onnx"]) func namesOutsideTheFolderAreRefused(name: String) {
    #expect(throws: ModelError.self) {
      try ONNXFile.write(Model(graph: Graph()), to: folder["m.onnx"], .external(file: name))
    }
  }

  @Test(arguments: [
    // SHA-1 of the whole file, of the tensor's bytes, in either case.
    "31ffb0a48a0ef8f8cfd2a0d9a9a2dd8f0f0f0f0f", "file", "FILE", "tensor",
  ])
  func checksumsAreVerified(kind: String) throws {
    let elements: [UInt8] = [0, 0, 128, 63, 0, 0, 0, 64]
    try folder.add("w.bin", [1, 2, 3, 4] + elements)
    // sha1sum of the two.
    let digests = [
      "file": "6101408ff00d5e48020cadced7821ef670555e39",
      "FILE": "6101408ff00d5e48020cadced7821ef670555e39".uppercased(),
      "tensor": "7f6e1d7de3ab2d47658382fc453ea1e6b73e05b1",
    ]
    let checksum = digests[kind] ?? kind
    try write(["location": "w.bin", "offset": "4", "length": "8", "checksum": checksum])
    if digests[kind] != nil {
      #expect(try read().floats == [1, 2])
    } else {
      let error = try #require(throws: ModelError.self) { try read() }
      #expect(error.message.contains("expected external data 'w.bin' with the SHA-1 checksum 31ff"))
      // Who does not read the weights need not pay for the check.
      #expect(throws: Never.self) {
        try ONNXFile.read(folder["m.onnx"], verifyingChecksums: false)
      }
    }
  }

  @Test func modelsBeyondTwoGigabytesAreRead() throws {
    // A file with a hole: nothing of it is on the disk or in memory.
    let count = 3 << 30
    try folder.add("w.bin", [])
    #expect(truncate(folder["w.bin"], count) == 0)
    let tensor = Wire.tensor(.uint8, [count]) + Wire.external(["location": "w.bin"])
    try folder.add("m.onnx", Wire.model(tensor: tensor))
    let model = try ONNXFile.read(folder["m.onnx"])
    #expect(model.graph[ValueID(0)].initializer?.byteCount == count)
    let error = try #require(throws: ModelError.self) { try ONNXFile.encode(model) }
    #expect(error.code == .limit)
    #expect(error.hint?.contains("--external") == true)
    #expect(throws: ModelError.self) { try ONNXFile.write(model, to: folder["n.onnx"]) }
    #expect(try folder.names == ["m.onnx", "w.bin"])
  }

  @Test func attributesAndSubgraphsGoToTheFileToo() throws {
    let floats = (0..<1000).map { Float($0) }
    var inner = Graph(name: "inner")
    _ = inner.addInitializer("v", Tensor(floats: floats, [1000]))
    var graph = Graph(name: "g")
    let output = graph.addFreshValue("y")
    graph.add(
      Node(
        "Custom", inputs: [], outputs: [output],
        attributes: [
          Attribute("value", .tensor(Tensor(floats: floats, [1000]))),
          Attribute("body", .graph(inner)),
        ]))
    try ONNXFile.write(Model(graph: graph), to: folder["m.onnx"], .external(file: "w.data"))
    #expect(try folder.bytes("m.onnx").count < 500)
    #expect(try folder.bytes("w.data").count == 4032 + 4000)
    let model = try ONNXFile.read(folder["m.onnx"])
    #expect(model.externalFiles == ["w.data"])
    guard case .tensor(let tensor) = model.graph[NodeID(0)].attribute("value"),
      case .graph(let body) = model.graph[NodeID(0)].attribute("body")
    else {
      Issue.record("expected a tensor and a graph")
      return
    }
    #expect(tensor.floats == floats)
    #expect(body[ValueID(0)].initializer?.floats == floats)
  }
}
