import Foundation
import IR
import ONNXFile
import TestSupport
import Testing

/// Large payloads stay in the file that they were read from.
@Suite struct ZeroCopyTests {
  private let folder: TemporaryFolder
  private let floats = (0..<4096).map { Float($0) }

  init() throws { folder = try TemporaryFolder() }

  private func tensor(_ name: String, raw: Bool) -> [UInt8] {
    let bytes = floats.flatMap { value in withUnsafeBytes(of: value) { Array($0) } }
    let head = Wire.number(1, floats.count) + Wire.number(2, 1)
    return raw
      ? head + Wire.text(8, name) + Wire.field(9, bytes)
      : head + Wire.field(4, bytes) + Wire.text(8, name)
  }

  /// A model with a large tensor wherever one can be.
  private var everywhere: [UInt8] {
    let inner =
      Wire.field(1, Wire.node("Relu", ["v"], ["z"])) + Wire.text(2, "s")
      + Wire.field(5, tensor("v", raw: true)) + Wire.field(12, Wire.text(1, "z"))
    let node =
      Wire.node("Custom", ["x"], ["y"])
      + Wire.field(5, Wire.text(1, "t") + Wire.field(5, tensor("", raw: true)) + Wire.number(20, 4))
      + Wire.field(
        5, Wire.text(1, "ts") + Wire.field(10, tensor("", raw: false)) + Wire.number(20, 9))
      + Wire.field(5, Wire.text(1, "g") + Wire.field(6, inner) + Wire.number(20, 5))
    let sparse = Wire.field(1, tensor("p", raw: true)) + Wire.number(3, 9)
    let graph =
      Wire.field(1, node) + Wire.text(2, "g") + Wire.field(5, tensor("a", raw: true))
      + Wire.field(5, tensor("b", raw: false)) + Wire.field(11, Wire.text(1, "x"))
      + Wire.field(15, sparse)
    let function = Wire.text(1, "F") + Wire.field(7, node)
    return Wire.model(
      graph: graph, rest: Wire.field(20, Wire.field(1, inner)) + Wire.field(25, function))
  }

  @Test func payloadsAreSlicesOfTheMapping() throws {
    let path = try folder.add("m.onnx", everywhere)
    let model = try ONNXFile.read(path)
    var storages: [Storage] = []
    func collect(_ graph: Graph) {
      storages += graph.initializers.compactMap { graph[$0].initializer?.storage }
      storages += graph.extras.map(\.bytes)
      for id in graph.nodeIDs {
        for attribute in graph[id].attributes {
          switch attribute.value {
          case .tensor(let tensor): tensor.storage.map { storages.append($0) }
          case .tensors(let tensors): storages += tensors.compactMap(\.storage)
          case .graph(let inner): collect(inner)
          default: break
          }
        }
      }
    }
    collect(model.graph)
    collect(model.functions[0].body)
    storages += model.extras.map(\.bytes)
    #expect(storages.count == 10)
    let mapping = try #require(storages[0].owner)
    for storage in storages {
      #expect(storage.count >= 4 * floats.count)
      #expect(storage.owner === mapping)
    }
    #expect(model.graph[model.graph.initializers[1]].initializer?.floats == floats)
    #expect(try ONNXFile.encode(model) == everywhere)
  }

  @Test func packedVarintsAreDecodedWhenRead() throws {
    let values = (0..<50_000).map { $0 * $0 - 1_000_000 }
    let data =
      Wire.number(1, values.count) + Wire.number(2, 7)
      + Wire.field(7, values.flatMap { Wire.varint($0) }) + Wire.text(8, "w")
    let bytes = Wire.model(tensor: data)
    let model = try ONNXFile.decode(bytes)
    let tensor = try #require(model.graph[ValueID(0)].initializer)
    #expect(tensor.storage?.isComputed == true)
    #expect(tensor.integers == values)
    #expect(try ONNXFile.encode(model) == bytes)
  }

  @Test func overlongVarintsComeBack() throws {
    // 5 in two bytes.
    let data = Wire.number(1, 1) + Wire.number(2, 7) + Wire.field(7, [0x85, 0]) + Wire.text(8, "w")
    let bytes = Wire.model(tensor: data)
    let model = try ONNXFile.decode(bytes)
    #expect(model.graph[ValueID(0)].initializer?.integers == [5])
    #expect(try ONNXFile.encode(model) == bytes)
  }

  @Test func packedAttributesComeBack() throws {
    let ints = Wire.text(1, "i") + Wire.field(8, Wire.varint(-1) + [2, 3]) + Wire.number(20, 7)
    let floats =
      Wire.text(1, "f") + Wire.field(7, [0, 0, 128, 63, 0, 0, 0, 64]) + Wire.number(20, 6)
    let node = Wire.node("A", [], ["y"]) + Wire.field(5, ints) + Wire.field(5, floats)
    let bytes = Wire.model(graph: Wire.field(1, node))
    let model = try ONNXFile.decode(bytes)
    guard case .ints([-1, 2, 3]) = model.graph[NodeID(0)].attribute("i"),
      case .floats([1, 2]) = model.graph[NodeID(0)].attribute("f")
    else {
      Issue.record("expected packed numbers to be read")
      return
    }
    #expect(try ONNXFile.encode(model) == bytes)
  }

  @Test func partsOfOneMessageAreMerged() throws {
    // Protobuf merges a field that occurs twice where the schema has room for one.
    let bytes =
      Wire.number(1, 8) + Wire.field(7, Wire.text(2, "first") + Wire.field(11, Wire.text(1, "x")))
      + Wire.field(7, Wire.text(2, "second") + Wire.field(12, Wire.text(1, "x")))
    let graph = try ONNXFile.decode(bytes).graph
    #expect(graph.name == "second")
    #expect(graph.inputs.count == 1 && graph.outputs.count == 1)
  }

  @Test func manySmallNodesTakeLittleTime() throws {
    let count = 50_000
    var nodes: [UInt8] = []
    for index in 0..<count {
      nodes += Wire.field(
        1, Wire.node("Add", ["v\(index)", "w"], ["v\(index + 1)"], name: "n\(index)"))
    }
    let graph =
      nodes + Wire.text(2, "g") + Wire.field(11, Wire.text(1, "v0"))
      + Wire.field(11, Wire.text(1, "w")) + Wire.field(12, Wire.text(1, "v\(count)"))
    let bytes = Wire.model(graph: graph)
    let time = try processorTime {
      let model = try ONNXFile.decode(bytes)
      try model.checkInvariants()
      #expect(model.graph.nodeCount == count)
    }
    // Some tenths of a second; what grows with the square takes a minute.
    #expect(time < 5)
  }
}
