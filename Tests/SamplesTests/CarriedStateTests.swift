import Execution
import IR
import ONNXFile
import Samples
import TestSupport
import Testing

/// A state that goes from sample to sample.
@Suite struct CarriedStateTests {
  private func model() -> Model {
    var net = Network()
    let sum = net.node(
      "Add", "add", [net.input("x", [.init(symbol: "N"), 2]), net.input("h", [1, 2])])
    net.output(sum, [.init(symbol: "N"), 2])
    return net.model()
  }

  private func load(_ carried: [String], in folder: TemporaryFolder) throws -> Dataset {
    try NPZ.write(
      [(name: "x", tensor: Tensor(floats: [1, 2, 3, 4, 5, 6], [3, 2]))], to: folder["x.npz"])
    return try Dataset.load(
      folder["x.npz"], for: model(), seed: 0,
      carrying: Carrying(carried, options: SessionOptions(backend: .reference)))
  }

  @Test("It starts at zeros and is what the model gave for the sample before, one at a time")
  func states() throws {
    let folder = try TemporaryFolder()
    let data = try load(["h=add_out"], in: folder)
    #expect(data.count == 3 && data.batches(of: 16).count == 3)
    let states = try (0..<3).map { try data.inputs($0..<$0 + 1)["h"]?.floats }
    #expect(states == [[0, 0], [1, 2], [4, 6]])
    #expect(data.notes.contains { $0.hasPrefix("'h': zeros at first") })
  }

  @Test("Without being told the missing array is an error that says how to carry it")
  func hint() throws {
    let folder = try TemporaryFolder()
    let error = try #require(throws: ModelError.self) { try load([], in: folder) }
    #expect(error.hint == "a state that goes from sample to sample: --carry h=add_out")
    for (words, message) in [
      ("h", "expected INPUT=OUTPUT, found 'h'"), ("q=add_out", "found 'q'"),
      ("h=q", "found 'q'"),
    ] {
      let error = try #require(throws: ModelError.self) { try load([words], in: folder) }
      #expect(error.message.hasSuffix(message))
    }
  }
}
