import Foundation
import Lapidary
import TestSupport
import Testing

/// Times of nodes at several widths.
@Suite struct LatencyTableTests {
  private static func row(_ kept: Double, _ macs: Int, _ seconds: Double, _ whole: Double)
    -> LatencyTable.Row
  {
    LatencyTable.Row(
      isQuantized: false, kept: kept, seconds: whole, macs: macs,
      nodes: ["a": .init(macs: macs, seconds: seconds)])
  }

  private static var table: LatencyTable {
    var table = LatencyTable(model: "m", threads: 1, multiple: 8)
    table.rows = [row(1, 1000, 4, 5), row(0.5, 500, 3, 3.5), row(0.25, 250, 3.5, 3.5)]
    return table
  }

  @Test("Times lie on lines between those that were measured, and never fall")
  func interpolation() throws {
    func time(_ macs: Int) throws -> Double {
      try #require(Self.table.seconds(["a": macs], isQuantized: false))
    }
    #expect(try time(1000) == 5)
    // More that takes less was measured badly: the mean of 3.5 and 3, up to 4; of the rest 0, 0.5 and 1.
    #expect(abs(try time(250) - 3.25) < 1e-12)
    #expect(abs(try time(500) - 3.75) < 1e-12)
    #expect(abs(try time(750) - (3.625 + 0.75)) < 1e-12)
    // The line through 3.25 at 250 and 4 at 1000, of the rest none: a narrow layer still has to be started.
    #expect(abs(try time(100) - 3.1) < 1e-12)
    #expect(Self.table.seconds([:], isQuantized: false) == 0)
    #expect(Self.table.seconds(["a": 1], isQuantized: true) == nil)
  }

  @Test("What has as many multiply-accumulates at two widths takes the mean of both")
  func same() throws {
    var table = LatencyTable(model: "m", threads: 1, multiple: 8)
    table.rows = [Self.row(1, 1000, 4, 4), Self.row(0.9, 1000, 3, 3), Self.row(0.5, 500, 1, 1)]
    #expect(table.seconds(["a": 1000], isQuantized: false) == 3.5)
    #expect(table.seconds(["a": 750], isQuantized: false) == 2.25)
  }

  @Test(
    "A level that is fast enough and not too fast is found where times fall in steps",
    arguments: [0, 34, 242, 640])
  func steering(start: Int) {
    // Not as fast as levels say, and with a step.
    func excess(_ level: Int) -> Double {
      let level = Double(level)
      return 2 * exp2(-level / 140) * (level > 140 ? 0.95 : 1)
    }
    var steering = LevelSteering(at: start)
    var measured = 0
    repeat { measured += 1 } while measured < 6 && steering.take(excess(steering.level))
    let found = steering.found ?? 0
    #expect(excess(found) <= 1 && excess(found) > 0.92, "\(found) after \(measured)")
  }

  @Test("What no level is fast enough for ends at the last")
  func unreachable() {
    var steering = LevelSteering(at: 100)
    var measured = 0
    while measured < 20, steering.take(1.5 + 1 / Double(1 + steering.level)) { measured += 1 }
    #expect(steering.found == nil && steering.level == TargetSearch.levels && measured < 20)
  }

  @Test("latency-table writes what compress takes, for this model alone")
  func command() throws {
    let folder = try TemporaryFolder()
    let model = Repository.fixture("fashion/fashion.onnx")
    let made = try Command.run(["latency-table", model, "-o", "t.json"], in: folder.path)
    #expect(made.status == 0, "\(made.errors)")
    let table = try LatencyTable(json: [UInt8](try folder.bytes("t.json")))
    #expect(table.rows.count == 12 && table.rows.allSatisfy { $0.seconds > 0 })
    let whole = try #require(table.rows.first { $0.kept == 1 && !$0.isQuantized })
    #expect(whole.macs == 13_044_640)
    #expect(
      try #require(table.seconds(whole.nodes.mapValues(\.macs), isQuantized: false)) > 0)
    #expect(try LatencyTable(json: try table.json()) == table)

    var other = table
    other.model = "sha256:0"
    _ = try folder.add("o.json", try other.json())
    let refused = try Command.run(
      [
        "compress", model, "-o", "x.onnx", "--calibration", "random:64", "--speedup", "1.5",
        "--latency-table", "o.json",
      ], in: folder.path)
    #expect(refused.status == 2)
    #expect(refused.errors.contains("expected one of model"), "\(refused.errors)")
  }
}
