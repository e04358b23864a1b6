import Execution
import Foundation
import IR
import ONNXFile
import Samples
import TestSupport
import Testing

/// Data in the forms in which people have it.
@Suite struct DataFormTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func model(_ type: TensorType, named name: String = "x") -> Model {
    var graph = Graph(name: "g")
    graph.addInput(ValueInfo(graph.addFreshValue(name), type: .tensor(type)))
    return Model(graph: graph)
  }

  private let images = TensorType(
    .float, Shape([Dimension(symbol: "N"), 3, Dimension(symbol: "H"), Dimension(symbol: "W")]))
  private let rows = TensorType(.float, Shape([Dimension(symbol: "N"), 2]))

  private func load(
    _ name: String, _ type: TensorType, preprocessing: Preprocessing? = nil
  ) throws -> Dataset {
    try Dataset.load(folder[name], for: model(type), seed: 0, preprocessing: preprocessing)
  }

  @Test("The sole array goes to the sole input, and a note says so", arguments: ["label", "y"])
  func soleArray(labels: String) throws {
    try NPZ.write(
      [("data", Tensor(floats: [1, 2, 3, 4], [2, 2])), (labels, Tensor(int64: [1, 0], [2]))],
      to: folder["x.npz"])
    let data = try load("x.npz", rows)
    #expect(try data.inputs(1..<2)["x"]?.floats == [3, 4])
    #expect(data.labels == [1, 0])
    #expect(data.notes == ["array 'data' taken for the graph's sole input 'x'"])
  }

  @Test("Bytes and doubles are taken where they survive, and bytes are told of")
  func conversions() throws {
    try NPY.write(Tensor(.uint8, [1, 2], Storage([0, 255] as [UInt8])), to: folder["u.npy"])
    let data = try load("u.npy", rows)
    #expect(try data.inputs(0..<1)["x"]?.floats == [0, 255])
    #expect(data.notes.count == 1 && data.notes[0].hasSuffix("uint8 taken as float"))
    try NPY.write(Tensor(.double, [1, 2], Storage([0.5, 0.1])), to: folder["d.npy"])
    #expect(try load("d.npy", rows).inputs(0..<1)["x"]?.floats == [0.5, 0.1])
    let ids = TensorType(.int64, Shape([Dimension(symbol: "N"), 2]))
    try NPY.write(Tensor(floats: [3, 4], [1, 2]), to: folder["i.npy"])
    #expect(try load("i.npy", ids).inputs(0..<1)["x"]?.integers == [3, 4])
    try NPY.write(Tensor(floats: [3, 4.5], [1, 2]), to: folder["f.npy"])
    let error = try #require(throws: ModelError.self) { try load("f.npy", ids) }
    #expect(error.hint == "its values are not exact as int64")
  }

  @Test("Channels at the other end are recognised")
  func layouts() throws {
    try NPY.write(
      Tensor(floats: [Float](repeating: 0, count: 24), [2, 2, 2, 3]), to: folder["x.npy"])
    let error = try #require(throws: ModelError.self) { try load("x.npy", images) }
    #expect(error.message.hasSuffix("expected float[N,3,H,W], found float[2,2,2,3]"))
    #expect(error.hint?.contains("array.transpose(0, 3, 1, 2)") == true)
  }

  @Test(
    "Samples with as many elements in another shape are recognised",
    arguments: [[5, 2, 2], [5, 4]])
  func shapes(found: [Int]) throws {
    try NPY.write(Tensor(floats: [Float](repeating: 0, count: 20), found), to: folder["x.npy"])
    let gray = TensorType(.float, Shape([Dimension(symbol: "N"), 1, 2, 2]))
    let error = try #require(throws: ModelError.self) { try load("x.npy", gray) }
    #expect(error.hint?.contains("array.reshape(-1, 1, 2, 2)") == true)
  }

  @Test("A sample without the axis that counts samples is one sample")
  func soleSample() throws {
    try NPY.write(Tensor(floats: [Float](repeating: 1, count: 12), [3, 2, 2]), to: folder["x.npy"])
    let data = try load("x.npy", images)
    #expect(data.count == 1)
    #expect(try data.inputs(0..<1)["x"]?.dimensions == [1, 3, 2, 2])
    #expect(data.notes.count == 1)
  }

  @Test("A file a sample, of several shapes, in the order of their numbers")
  func fileASample() throws {
    for (name, side) in [("s2", 2), ("s10", 3), ("s1", 2)] {
      let count = 3 * side * side
      let tensor = Tensor(floats: (0..<count).map { Float($0) }, [3, side, side])
      try NPY.write(tensor, to: folder["\(name).npy"])
    }
    try NPY.write(Tensor(int64: [5, 6, 7], [3]), to: folder["labels.npy"])
    let data = try Dataset.load(folder.path, for: model(images), seed: 0)
    #expect(data.count == 3 && data.labels == [5, 6, 7])
    #expect(data.batches(of: 16) == [0..<2, 2..<3])
    #expect(try data.inputs(0..<2)["x"]?.dimensions == [2, 3, 2, 2])
    #expect(try data.inputs(2..<3)["x"]?.dimensions == [1, 3, 3, 3])
    #expect(throws: ModelError.self) { try data.inputs(0..<3) }
  }

  /// `numpy.save` of an array of objects: arrays of [1, 2, 2] and [1, 1, 2] floats.
  private static let ragged = """
    k05VTVBZAQB2AHsnZGVzY3InOiAnfE8nLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwpLCB9ICAg
    ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqABJUKAQAAAAAA
    AIwWbnVtcHkuX2NvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMB
    YpSHlFKUKEsBSwKFlGgDjAVkdHlwZZSTlIwCTziUiYiHlFKUKEsDjAF8lE5OTkr/////Sv////9LP3SUYoldlChoAmgF
    SwCFlGgHh5RSlChLAUsBSwJLAoeUaAyMAmY0lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGKJQxAAAAAAAACA
    PwAAAEAAAEBAlHSUYmgCaAVLAIWUaAeHlFKUKEsBSwFLAUsCh5RoGYlDCAAAAAAAAIA/lHSUYmV0lGIu
    """

  /// Outputs of several shapes do not join: they are an array a sample where that is wanted.
  private func runsApart(_ data: Dataset, _ type: TensorType) throws {
    var net = Network()
    net.output(net.node("Relu", "y", [net.input("x", type.shape?.dimensions ?? [])]))
    let model = net.model()
    let session = try Session(model)
    #expect(throws: ModelError.self) { try data.run(on: session) }
    let results = try data.run(on: session, keepsApart: true)
    let files = try OutputFolder(folder["out"]).write(results, of: model.graph, asProtos: false)
    #expect(files == ["y_out": "y_out_0.npy to y_out_1.npy"])
    #expect(try NPY.read(folder["out/y_out_1.npy"]) == Tensor(floats: [0, 1], [1, 1, 2]))
  }

  @Test("NumPy's arrays of arrays are samples of several shapes; damaged ones are errors")
  func ragged() throws {
    let bytes = [UInt8](
      try #require(Data(base64Encoded: Self.ragged, options: .ignoreUnknownCharacters)))
    try folder.add("x.npy", bytes)
    let type = TensorType(.float, Shape([Dimension(symbol: "N"), Dimension(symbol: "H"), 2]))
    let data = try load("x.npy", type)
    #expect(data.count == 2 && data.batches(of: 8) == [0..<1, 1..<2])
    #expect(try data.inputs(0..<1)["x"] == Tensor(floats: [0, 1, 2, 3], [1, 2, 2]))
    #expect(try data.inputs(1..<2)["x"] == Tensor(floats: [0, 1], [1, 1, 2]))
    try runsApart(data, type)
    for count in stride(from: 128, to: bytes.count, by: 7) {
      try folder.add("cut.npy", Array(bytes.prefix(count)))
      #expect(throws: ModelError.self) { try load("cut.npy", type) }
    }
  }

  @Test("Preparing pictures does nothing to arrays, and a note says so")
  func preprocessedArrays() throws {
    try NPZ.write([("x", Tensor(floats: [1, 2], [1, 2]))], to: folder["x.npz"])
    let data = try load("x.npz", rows, preprocessing: try Preprocessing("0-1"))
    #expect(data.notes.count == 1 && data.notes[0].contains("--preprocess is for pictures"))
    #expect(try data.inputs(0..<1)["x"]?.floats == [1, 2])
  }

  @Test("What a folder holds stands in the error")
  func contents() throws {
    try folder.add("notes.txt", [])
    let error = try #require(throws: ModelError.self) {
      try Dataset.load(folder.path, for: model(images), seed: 0)
    }
    #expect(
      error.message.hasSuffix(
        "expected 'x.npy', an .npy or .pb file a sample, or pictures, found 'notes.txt'"))
  }

  @Test(
    "Words that preprocessing does not know are named",
    arguments: [
      ("imagenett", "found 'imagenett'"), ("mean=a", "found 'a'"), ("crop=0", "found '0'"),
      ("std=0", "found '0'"), ("layout=chw", "found 'chw'"), ("scale=1/0", "found '1/0'"),
    ])
  func unknownWords(text: String, found: String) throws {
    let error = try #require(throws: ModelError.self) { try Preprocessing(text) }
    #expect(error.message.hasPrefix("--preprocess: expected ") && error.message.hasSuffix(found))
  }
}
