import Execution
import Foundation
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Statistics measured in parts.
@Suite struct ShardTests {
  private func setting() throws -> (Quantizer, Dataset) {
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "n"), 3, 6, 6])
    let a = net.node("Relu", "relu", [net.conv("conv1", x, 3, 4)])
    net.output(net.conv("conv2", a, 4, 4))
    let model = net.model()
    var generator = SplitMix64(seed: 21)
    let values = (0..<70 * 108).map { _ in generator.normal() }
    let data = try Dataset(
      [("x", Tensor(floats: values, [70, 3, 6, 6]))], for: model.graph, label: "test")
    return (try Quantizer(model, QuantizationOptions()), data)
  }

  @Test("Parts merge to the bytes of one run, in any order")
  func merging() throws {
    let (quantizer, data) = try setting()
    let whole = try quantizer.calibrate(on: data, batch: 4, options: SessionOptions()).json()
    for count in [2, 5, 16] {
      let parts = try (1...count).map {
        try CalibrationStatistics(
          json: try quantizer.calibrate(
            on: data, batch: 4, shard: try Quantizer.Shard($0, of: count),
            options: SessionOptions()
          ).json())
      }
      for order in [parts, parts.reversed(), Array(parts[1...] + parts[..<1])] {
        var merged = order[0]
        for part in order.dropFirst() { try merged.merge(part) }
        #expect(try merged.json() == whole)
      }
    }
  }

  @Test("Parts that do not belong together are refused")
  func refusal() throws {
    let (quantizer, data) = try setting()
    func part(_ index: Int, of count: Int, batch: Int = 4, hash: String = "") throws
      -> CalibrationStatistics
    {
      try quantizer.calibrate(
        on: data, modelHash: hash, batch: batch, shard: try Quantizer.Shard(index, of: count),
        options: SessionOptions())
    }
    let first = try part(1, of: 3)
    for other in [
      first, try part(2, of: 4), try part(2, of: 3, batch: 5), try part(2, of: 3, hash: "other"),
      try quantizer.calibrate(on: data, batch: 4, options: SessionOptions()),
    ] {
      var merged = first
      #expect(throws: ModelError.self) { try merged.merge(other) }
    }
    #expect(throws: ModelError.self) { try Quantizer.Shard(0, of: 3) }
    #expect(throws: ModelError.self) { try Quantizer.Shard(4, of: 3) }
  }
}
