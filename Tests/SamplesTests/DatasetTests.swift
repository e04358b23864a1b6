import Execution
import Foundation
import IR
import ONNXFile
import Samples
import TestSupport
import Testing

@Suite struct DatasetTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func graph(_ inputs: KeyValuePairs<String, TensorType>) -> Graph {
    var graph = Graph(name: "g")
    for (name, type) in inputs {
      let id = graph.addFreshValue(name)
      graph.addInput(ValueInfo(id, type: .tensor(type)))
    }
    return graph
  }

  private let images = TensorType(.float, Shape([Dimension(symbol: "N"), 2]))

  private func numbers(_ count: Int) -> [Float] { (0..<count).map { Float($0) } }

  @Test func archivesGiveInputsAndLabels() throws {
    let data = Data(base64Encoded: ArrayFileTests.archive, options: .ignoreUnknownCharacters)
    try folder.add("x.npz", [UInt8](try #require(data)))
    let dataset = try Dataset.load(
      folder["x.npz"], for: Model(graph: graph(["image": images])), seed: 0)
    #expect(dataset.count == 3)
    #expect(dataset.batch == nil)
    #expect(dataset.labels == [2, 0, 1])
    // The archive holds doubles.
    #expect(try dataset.inputs(1..<3)["image"] == Tensor(floats: [2, 3, 4, 5], [2, 2]))
    #expect(dataset.batches(of: 2) == [0..<2, 2..<3])
    #expect(throws: ModelError.self) { try dataset.inputs(2..<4) }
  }

  @Test("numbers of an archive may begin at any address, and a batch of them where numbers may")
  func anyAddress() throws {
    for length in 1...4 {
      let name = String(repeating: "x", count: length)
      let values = numbers(600_000)
      try NPZ.write(
        [
          (name, Tensor(floats: values, [300_000, 2])),
          ("labels", Tensor(int64: Array(0..<300_000), [300_000])),
        ], to: folder["\(name).npz"])
      let dataset = try Dataset.load(
        folder["\(name).npz"],
        for: Model(graph: graph(KeyValuePairs(dictionaryLiteral: (name, images)))),
        seed: 0)
      #expect(dataset.labels?[299_999] == 299_999)
      let batch = try #require(try dataset.inputs(299_997..<300_000)[name])
      #expect(batch == Tensor(floats: Array(values[599_994...]), [3, 2]))
      let start = try #require(batch.storage).withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
      #expect(start % 4 == 0)
    }
  }

  @Test func missingArraysAreNamed() throws {
    try NPZ.write(
      [
        ("foo", Tensor(floats: [1], [1])), ("bar", Tensor(floats: [1], [1])),
        ("labels", Tensor(int64: [1], [1])),
      ], to: folder["x.npz"])
    let error = try #require(throws: ModelError.self) {
      try Dataset.load(folder["x.npz"], for: Model(graph: graph(["image": images])), seed: 0)
    }
    #expect(error.code == .request)
    #expect(
      error.description
        == "data \"\(folder["x.npz"])\": expected an array named 'image' for the graph's input,"
        + " found 'foo', 'bar', 'labels'")
  }

  @Test(arguments: [
    (Tensor(floats: [1, 2, 3], [1, 3]), "expected float[N,2], found float[1,3]"),
    (Tensor(floats: [1, 2], [2]), "expected float[N,2], found float[2]"),
    (Tensor(int64: [1, 1 << 24 + 1], [1, 2]), "expected float[N,2], found int64[1,2]"),
    (Tensor(floats: [], [0, 2]), "expected at least 1 samples, found 0"),
  ])
  func arraysThatDoNotFitAreNamed(tensor: Tensor, reason: String) throws {
    try NPY.write(tensor, to: folder["x.npy"])
    let error = try #require(throws: ModelError.self) {
      try Dataset.load(folder["x.npy"], for: Model(graph: graph(["image": images])), seed: 0)
    }
    #expect(
      error.description == "data \"\(folder["x.npy"])\": array 'image': \(reason)")
  }

  @Test func fixedBatchesGroupTheSamples() throws {
    try NPY.write(Tensor(floats: numbers(14), [7, 2]), to: folder["x.npy"])
    let type = TensorType(.float, [3, 2])
    let dataset = try Dataset.load(
      folder["x.npy"], for: Model(graph: graph(["image": type])), seed: 0)
    #expect(dataset.count == 6)
    #expect(dataset.batch == 3)
    #expect(dataset.batches(of: 1) == [0..<3, 3..<6])
    #expect(dataset.batches(of: 100) == [0..<3, 3..<6])
    #expect(try dataset.inputs(3..<6)["image"]?.floats == Array(numbers(14)[6..<12]))
    #expect(throws: ModelError.self) { try dataset.inputs(1..<4) }
  }

  @Test func inputsOfOtherLengthsGoTogether() throws {
    let graph = graph([
      "a": TensorType(.float, [2, 1]), "b": TensorType(.float, [3]),
      "c": TensorType(.float, [Int]()),
      "d": TensorType(.float, Shape([.unknown])),
    ])
    try NPZ.write(
      [
        ("a", Tensor(floats: numbers(4), [4, 1])), ("b", Tensor(floats: numbers(6), [6])),
        ("c", Tensor(floats: [9], [])), ("d", Tensor(floats: numbers(10), [10])),
      ], to: folder["x.npz"])
    let dataset = try Dataset.load(folder["x.npz"], for: Model(graph: graph), seed: 0)
    #expect(dataset.count == 4)
    let inputs = try dataset.inputs(2..<4)
    #expect(inputs["a"]?.floats == [2, 3])
    #expect(inputs["b"]?.floats == [3, 4, 5])
    #expect(inputs["c"]?.floats == [9])
    #expect(inputs["d"]?.floats == [5, 6, 7, 8, 9])
  }

  @Test func countsHaveToAgree() throws {
    let graph = graph(["a": images, "b": images])
    try NPZ.write(
      [("a", Tensor(floats: numbers(4), [2, 2])), ("b", Tensor(floats: numbers(6), [3, 2]))],
      to: folder["x.npz"])
    let error = try #require(throws: ModelError.self) {
      try Dataset.load(folder["x.npz"], for: Model(graph: graph), seed: 0)
    }
    #expect(
      error.message.hasSuffix("array 'b': expected as many samples as 'a' has, 2, found 3"))
  }

  @Test func foldersHoldArraysByName() throws {
    try NPY.write(Tensor(floats: numbers(4), [2, 2]), to: folder["a_b.npy"])
    try NPY.write(Tensor(int64: [7, 8], [2]), to: folder["labels.npy"])
    let dataset = try Dataset.load(folder.path, for: Model(graph: graph(["a/b": images])), seed: 0)
    #expect(dataset.labels == [7, 8])
    #expect(!dataset.isFromProtos)
    #expect(try dataset.inputs(0..<1)["a/b"]?.floats == [0, 1])
  }

  @Test func foldersOfTestDataAreJoined() throws {
    for (index, values) in [[1, 2], [3, 4], [5, 6]].enumerated() {
      // The tenth set comes after the second.
      let set = folder["test_data_set_\([0, 2, 10][index])"]
      try FileManager.default.createDirectory(atPath: set, withIntermediateDirectories: false)
      let floats = values.map { Float($0) }
      try ONNXFile.writeTensor(Tensor(floats: floats, [1, 2]), to: "\(set)/input_0.pb")
      try ONNXFile.writeTensor(Tensor(floats: [1], []), to: "\(set)/input_1.pb")
    }
    let graph = graph(["image": images, "scale": TensorType(.float, [Int]())])
    let dataset = try Dataset.load(folder.path, for: Model(graph: graph), seed: 0)
    #expect(dataset.isFromProtos)
    #expect(dataset.count == 3)
    #expect(try dataset.inputs(0..<3)["image"]?.floats == [1, 2, 3, 4, 5, 6])
    #expect(try dataset.inputs(1..<2)["scale"]?.floats == [1])
  }

  @Test func randomSamplesAreSeeded() throws {
    let graph = graph([
      "x": TensorType(.float, Shape([Dimension(symbol: "N"), 3, Dimension(symbol: "H"), 1000])),
      "ids": TensorType(.int64, Shape([Dimension(symbol: "N"), 8])),
      "flag": TensorType(.bool, [Int]()),
    ])
    let one = try Dataset.load("random:4", for: Model(graph: graph), seed: 1).inputs(0..<4)
    let same = try Dataset.load("random:4", for: Model(graph: graph), seed: 1).inputs(0..<4)
    let other = try Dataset.load("random:4", for: Model(graph: graph), seed: 2).inputs(0..<4)
    #expect(one == same)
    #expect(one["x"] != other["x"])
    #expect(one["x"]?.dimensions == [4, 3, 1, 1000])
    let floats = try #require(one["x"]?.floats)
    let mean = floats.reduce(0, +) / 12000
    let variance = floats.reduce(0) { $0 + $1 * $1 } / 12000
    #expect(abs(mean) < 0.03 && abs(variance - 1) < 0.05)
    #expect(try #require(one["ids"]?.integers).allSatisfy { (0..<4).contains($0) })
  }

  @Test func randomSamplesFillGroups() throws {
    let graph = graph(["x": TensorType(.float, [4, 2])])
    let dataset = try Dataset.load("random:5", for: Model(graph: graph), seed: 1)
    #expect(dataset.count == 8)
    #expect(dataset.batch == 4)
  }

  @Test(arguments: [
    ("random:0", "expected a number of samples from 1, found '0'"),
    ("random:many", "expected a number of samples from 1, found 'many'"),
    ("/nowhere", "expected an .npz, .npy or .pb file, a folder or random:N, found no such file"),
  ])
  func requestsThatMakeNoSenseAreNamed(spec: String, reason: String) throws {
    let error = try #require(throws: ModelError.self) {
      try Dataset.load(spec, for: Model(graph: graph(["x": images])), seed: 0)
    }
    #expect(error.description == "data \"\(spec)\": \(reason)")
  }

  @Test func inputsWithoutATypeNeedData() throws {
    var graph = Graph()
    graph.addInput(ValueInfo(graph.addFreshValue("x"), type: nil))
    #expect(throws: ModelError.self) {
      try Dataset.load("random:1", for: Model(graph: graph), seed: 0)
    }
    try NPY.write(Tensor(floats: [1], [1]), to: folder["x.npy"])
    #expect(try Dataset.load(folder["x.npy"], for: Model(graph: graph), seed: 0).count == 1)
  }

  @Test func fixturesFitTheirModel() throws {
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures")
      .path
    let model = try ONNXFile.read("\(fixtures)/fashion/fashion.onnx")
    let data = try Dataset.load("\(fixtures)/fashion/test.npz", for: model, seed: 0)
    #expect(data.count == 2000)
    #expect(data.labels?.count == 2000)
  }

  @Test("Names that a file cannot bear, or that would meet in one, get files of their own")
  func fileStems() throws {
    let long = String(repeating: "é", count: 300)
    let names = ["x", "a/b", "a_b", "c/d", "c:d", "e/f", long, long + "!"]
    let stems = Dataset.fileStems(for: names)
    #expect(Set(stems).count == names.count)
    #expect(stems[0] == "x" && stems[2] == "a_b" && stems[5] == "e_f")
    #expect(stems[1].hasPrefix("a_b-"))
    #expect(stems.allSatisfy { $0.utf8.count <= 200 && !$0.contains("/") && !$0.contains(":") })
    #expect(Dataset.fileStems(for: names.reversed()) == stems.reversed())
  }

  @Test("Outputs are written under names that inputs are read by")
  func outputsBecomeInputs() throws {
    let long = String(repeating: "layer/", count: 60)
    let one = TensorType(.float, Shape([1]))
    var graph = graph(["a/b": one, "a_b": one, long: one])
    for info in graph.inputs { graph.addOutput(info) }
    let results: [String: Datum] = [
      "a/b": .tensor(Tensor(floats: [1], [1])), "a_b": .tensor(Tensor(floats: [2], [1])),
      long: .tensor(Tensor(floats: [3], [1])),
    ]
    try OutputFolder(folder["out"]).write(results, of: graph, asProtos: false)
    let data = try Dataset.load(folder["out"], for: Model(graph: graph), seed: 0)
    for (name, value) in results { #expect(try data.inputs(0..<1)[name] == value.tensor) }
  }

  @Test("Outputs that NumPy has no type for are ONNX values")
  func foreignOutputs() throws {
    let shape = Shape([2])
    var graph = graph(["h": TensorType(.bfloat16, shape), "x": TensorType(.float, shape)])
    for info in graph.inputs { graph.addOutput(info) }
    let half = Tensor(.bfloat16, [2], Storage([0x80, 0x3F, 0, 0x40] as [UInt8]))
    let results: [String: Datum] = [
      "h": .tensor(half), "x": .tensor(Tensor(floats: [1, 2], [2])),
    ]
    try OutputFolder(folder.path).write(results, of: graph, asProtos: false)
    #expect(try folder.names == ["output_0.pb", "x.npy"])
    #expect(try ONNXFile.readTensor(folder["output_0.pb"]) == half)
  }

  @Test("Samples are run so many at a time as asked, and all of them")
  func batches() throws {
    let model = try ONNXFile.read(Repository.fixture("fashion/fashion.onnx"))
    let data = try Dataset.load("random:7", for: model, seed: 3)
    let session = try Session(model, options: SessionOptions(backend: .reference))
    var seen: [Int] = []
    let parts = try data.run(on: session, batch: 3) { seen.append($0.done) }
    #expect(seen == [0, 3, 6])
    let name = model.graph[model.graph.outputs[0].value].name
    let whole = try #require(try data.run(on: session)[name]?.tensor)
    let joined = try #require(parts[name]?.tensor)
    #expect(joined.dimensions == whole.dimensions && whole.dimensions[0] == 7)
    #expect(try Comparison(reference: whole, candidate: joined).maxRelative < 1e-6)
  }

  @Test("Samples that fill no batch are told of", arguments: [(10, 2), (9, 1), (8, 0)])
  func leftOver(count: Int, unused: Int) throws {
    let x = Tensor(floats: [Float](repeating: 0, count: 2 * count), [count, 2])
    let graph = graph(["x": TensorType(.float, [4, 2])])
    let data = try Dataset([("x", x)], for: graph, label: "data")
    #expect(data.count == 8 && data.unused == unused)
    #expect(data.notes.count == (unused == 0 ? 0 : 1))
    #expect(data.notes.allSatisfy { $0.hasPrefix("\(unused) sample") && $0.contains("takes 4") })
  }

  @Test("Test data of a model without inputs asks for ONNX values")
  func noInputs() throws {
    let model = Model(graph: graph([:]))
    #expect(try !Dataset.load(folder.path, for: model, seed: 0).isFromProtos)
    try folder.add("output_0.pb", [])
    #expect(try Dataset.load(folder.path, for: model, seed: 0).isFromProtos)
  }
}
