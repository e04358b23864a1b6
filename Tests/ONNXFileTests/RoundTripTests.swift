import Foundation
import IR
import ONNXFile
import TestSupport
import Testing

@Suite struct RoundTripTests {
  @Test func conformanceModelsComeBackByteForByte() throws {
    let paths = conformanceFiles("model.onnx")
    #expect(paths.count >= 1000, "models come with Debian's libonnx-testdata")
    for path in paths {
      let model = try ONNXFile.read(path)
      let source = try Data(contentsOf: URL(fileURLWithPath: path))
      let isSame = try ONNXFile.encode(model) == [UInt8](source)
      #expect(isSame, "\(path)")
      #expect(throws: Never.self, "\(path)") { try model.checkInvariants() }
    }
  }

  @Test("types in attributes are read, so that the text says them")
  func typesInAttributes() throws {
    let path = try #require(
      conformanceFiles("model.onnx").first { $0.hasSuffix("test_if_opt/model.onnx") })
    let text = try ONNXFile.read(path).text()
    #expect(text.contains("optional_empty = Optional <type: type_proto = seq(float[5])> ()"))
  }

  @Test func conformanceTensorsComeBackByteForByte() throws {
    let folder = try TemporaryFolder()
    let paths = conformanceFiles("input_0.pb").filter { path in
      // These hold sequences and optionals.
      !["sequence", "optional", "identity_opt", "loop1", "scan", "if_seq", "split_to"].contains {
        path.contains($0)
      }
    }
    #expect(paths.count >= 800)
    for path in paths {
      try ONNXFile.writeTensor(try ONNXFile.readTensor(path), to: folder["t.pb"])
      let source = try Data(contentsOf: URL(fileURLWithPath: path))
      let isSame = try folder.bytes("t.pb") == [UInt8](source)
      #expect(isSame, "\(path)")
    }
  }

  /// A model with every field that the graph representation knows.
  private var fullModel: [UInt8] {
    let entry = Wire.text(1, "key") + Wire.text(2, "value")
    let tensor =
      Wire.number(1, 2) + Wire.number(2, 1) + Wire.text(8, "w")
      + Wire.field(9, [0, 0, 128, 63, 0, 0, 0, 64]) + Wire.text(12, "doc") + Wire.field(16, entry)
    let attributes: [[UInt8]] = [
      Wire.text(1, "f") + [0x15, 0, 0, 128, 63] + Wire.number(20, 1),
      Wire.text(1, "i") + Wire.number(3, -7) + Wire.text(13, "doc") + Wire.number(20, 2),
      Wire.text(1, "s") + Wire.field(4, [0xFF, 0]) + Wire.number(20, 3),
      Wire.text(1, "t") + Wire.field(5, tensor) + Wire.number(20, 4),
      Wire.text(1, "fs") + [0x3D, 0, 0, 128, 63, 0x3D, 0, 0, 0, 64] + Wire.number(20, 6),
      Wire.text(1, "is") + Wire.number(8, 1) + Wire.number(8, -1) + Wire.number(20, 7),
      Wire.text(1, "ss") + Wire.text(9, "a") + Wire.text(9, "") + Wire.number(20, 8),
      Wire.text(1, "ts") + Wire.field(10, tensor) + Wire.field(10, tensor) + Wire.number(20, 9),
      Wire.text(1, "empty") + Wire.number(20, 7),
      Wire.text(1, "tp") + Wire.field(14, Wire.field(1, Wire.number(1, 1))) + Wire.number(20, 13),
      Wire.text(1, "zero") + Wire.number(20, 2),
      Wire.text(1, "old") + Wire.number(3, 5),
      Wire.text(1, "later") + Wire.number(20, 99),
    ]
    let subgraph =
      Wire.field(1, Wire.node("Relu", ["x"], ["inner"])) + Wire.text(2, "sub")
      + Wire.field(12, Wire.text(1, "inner"))
    let node =
      Wire.node("Custom", ["x", "", "w"], ["y"], name: "n")
      + attributes.flatMap { Wire.field(5, $0) }
      + Wire.field(5, Wire.text(1, "g") + Wire.field(6, subgraph) + Wire.number(20, 5))
      + Wire.text(6, "doc") + Wire.text(7, "my.domain") + Wire.text(8, "o") + Wire.field(9, entry)
      + Wire.field(10, Wire.text(1, "config") + Wire.number(3, 2))
    let dimensions = [Wire.number(1, 2), Wire.text(2, "N"), Wire.number(1, -1), []]
    let shape = dimensions.flatMap { Wire.field(1, $0) }
    let type = Wire.field(1, Wire.number(1, 1) + Wire.field(2, shape)) + Wire.text(6, "IMAGE")
    let info = Wire.field(2, type) + Wire.text(3, "doc") + Wire.field(4, entry)
    let graph =
      Wire.field(1, node) + Wire.text(2, "g") + Wire.field(5, tensor) + Wire.text(10, "doc")
      + Wire.field(11, Wire.text(1, "x") + info) + Wire.field(12, Wire.text(1, "y") + info)
      + Wire.field(13, Wire.text(1, "z") + info)
      + Wire.field(14, Wire.text(1, "x") + Wire.field(2, entry))
      + Wire.field(15, Wire.field(1, tensor) + Wire.number(3, 9)) + Wire.field(16, entry)
    let function =
      Wire.text(1, "F") + Wire.text(4, "a") + Wire.text(5, "b") + Wire.text(6, "alpha")
      + Wire.field(
        7,
        Wire.node("LeakyRelu", ["a"], ["b"])
          + Wire.field(5, Wire.text(1, "alpha") + Wire.number(20, 1) + Wire.text(21, "alpha")))
      + Wire.text(8, "doc") + Wire.field(9, Wire.text(1, "") + Wire.number(2, 17))
      + Wire.text(10, "my")
      + Wire.field(11, Wire.text(1, "beta") + Wire.number(3, 1) + Wire.number(20, 2))
      + Wire.field(12, Wire.text(1, "b") + info) + Wire.text(13, "o") + Wire.field(14, entry)
    return Wire.number(1, 10) + Wire.text(2, "maker") + Wire.text(3, "") + Wire.text(4, "d")
      + Wire.number(5, -3) + Wire.text(6, "doc") + Wire.field(7, graph)
      + Wire.field(8, Wire.number(2, 21)) + Wire.field(8, Wire.text(1, "my") + Wire.number(2, 1))
      + Wire.field(14, entry) + Wire.field(20, Wire.field(3, entry)) + Wire.field(25, function)
      + Wire.field(26, Wire.text(1, "config") + Wire.number(2, 4) + Wire.text(3, "cpu"))
  }

  @Test func everyFieldComesBack() throws {
    let model = try ONNXFile.decode(fullModel)
    #expect(try ONNXFile.encode(model) == fullModel)
    #expect(model.producerName == "maker")
    #expect(model.producerVersion == "")
    #expect(model.modelVersion == -3)
    #expect(model.opset() == 21)
    let node = model.graph[model.graph.nodeIDs[0]]
    #expect(node.op == OperatorName("Custom", domain: "my.domain"))
    #expect(node.inputs.map { $0.map { model.graph[$0].name } } == ["x", nil, "w"])
    #expect(node.captures == [model.graph.value(named: "x")])
    guard case .ints(let ints) = node.attribute("is") else { throw Unexpected() }
    #expect(ints == [1, -1])
    guard case .int(0) = node.attribute("zero"), case .int(5) = node.attribute("old") else {
      throw Unexpected()
    }
    #expect(
      model.graph.inputs[0].type?.description == "float[2,N,?,?]")
    #expect(model.graph[model.graph.value(named: "w")!].initializer?.floats == [1, 2])
    guard case .reference("alpha") = model.functions[0].body[NodeID(0)].attribute("alpha") else {
      throw Unexpected()
    }
  }

  private struct Unexpected: Error {}

  @Test func unknownFieldsAreKeptAtEveryLevel() throws {
    let odd = Wire.number(120, 300) + Wire.field(600, [1, 2, 3]) + [0xC5, 0x3E, 1, 2, 3, 4]
    let entry = Wire.text(1, "k") + Wire.text(2, "v") + odd
    let tensor = Wire.tensor(.float, [1], Wire.field(9, [0, 0, 0, 0])) + odd
    let dimension = Wire.text(2, "N") + odd
    let type =
      Wire.field(
        1, Wire.number(1, 1) + Wire.field(2, Wire.field(1, dimension) + odd) + odd) + odd
    let info = Wire.text(1, "x") + Wire.field(2, type) + odd
    let subgraph = Wire.field(1, Wire.node("Relu", ["x"], ["i"]) + odd) + odd
    let attribute = Wire.text(1, "g") + Wire.field(6, subgraph) + Wire.number(20, 5) + odd
    let node =
      Wire.node("If", ["x"], ["y"]) + Wire.field(5, attribute)
      + Wire.field(10, Wire.text(1, "c") + odd) + odd
    let graph =
      Wire.field(1, node) + Wire.field(5, tensor) + Wire.field(11, info)
      + Wire.field(14, Wire.text(1, "x") + Wire.field(2, entry) + odd)
      + Wire.field(15, Wire.field(1, tensor) + odd) + odd
    let function =
      Wire.text(1, "F") + Wire.field(7, Wire.node("Relu", ["a"], ["b"]) + odd)
      + Wire.field(9, Wire.number(2, 17) + odd) + odd
    let bytes =
      Wire.number(1, 8) + Wire.field(7, graph) + Wire.field(8, Wire.number(2, 17) + odd)
      + Wire.field(14, entry) + Wire.field(20, Wire.field(1, subgraph) + odd)
      + Wire.field(25, function) + odd
    #expect(try ONNXFile.encode(try ONNXFile.decode(bytes)) == bytes)
  }

  @Test func unknownFieldsTakeTheirPlaceByNumber() throws {
    // Field 9 of ModelProto and field 3 of GraphProto are in no release.
    let graph = Wire.text(2, "g") + Wire.text(3, "?") + Wire.text(10, "doc")
    let bytes =
      Wire.number(1, 8) + Wire.field(7, graph) + Wire.field(8, Wire.number(2, 17))
      + Wire.text(9, "?") + Wire.field(14, Wire.text(1, "k"))
    #expect(try ONNXFile.encode(try ONNXFile.decode(bytes)) == bytes)
  }

  @Test func textsThatAreNotUTF8ComeBack() throws {
    let names: [[UInt8]] = [
      [0xFF], [0x61, 0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
      [0xF0, 0x9F, 0x98, 0x80, 0x80], [0x61, 0x00, 0x62], Array("größe".utf8),
    ]
    let graph = names.flatMap { Wire.field(11, Wire.field(1, $0)) }
    let bytes = Wire.model(graph: graph)
    let model = try ONNXFile.decode(bytes)
    #expect(try ONNXFile.encode(model) == bytes)
    #expect(model.graph.inputs.count == names.count)
  }

  @Test func packedAndUnpackedEncodingsAreAccepted() throws {
    let ints = Wire.text(1, "a") + Wire.field(8, [1, 2, 3]) + Wire.number(20, 7)
    let tensor = Wire.number(1, 2) + Wire.number(2, 7) + Wire.number(7, 5) + Wire.number(7, 6)
    let bytes = Wire.model(
      graph: Wire.field(1, Wire.text(4, "A") + Wire.field(5, ints))
        + Wire.field(5, tensor + Wire.text(8, "w")))
    let graph = try ONNXFile.decode(bytes).graph
    guard case .ints([1, 2, 3]) = graph[NodeID(0)].attribute("a") else { throw Unexpected() }
    #expect(graph[graph.value(named: "w")!].initializer?.integers == [5, 6])
  }

  @Test func changedTypesAreEncodedAnew() throws {
    var graph = Graph(name: "g")
    let types: [ValueType] = [
      .tensor(TensorType(.float, Shape([.known(1), Dimension(symbol: "N") + 1, .unknown]))),
      .sequence(.tensor(TensorType(.int64, nil))), .optional(.sequence(nil)),
      .map(key: .int64, value: .tensor(TensorType(.float, [Int]()))),
      .sparseTensor(TensorType(.float, [3])),
    ]
    for (index, type) in types.enumerated() {
      let id = graph.addFreshValue("x\(index)")
      graph.addInput(ValueInfo(id, type: type))
    }
    let again = try ONNXFile.decode(try ONNXFile.encode(Model(graph: graph)))
    #expect(
      again.graph.inputs.map { $0.type?.description } == types.map { $0.description })
  }
}
