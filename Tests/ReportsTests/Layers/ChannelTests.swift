import IR
import Reports
import TestSupport
import Testing

/// Which channels stayed, where rows of weights alone do not tell.
@Suite("Channels by other signs") struct ChannelTests {
  private func numbers(_ count: Int, _ seed: Int) -> [Float] {
    var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Float(Int(state % 200_001) - 100_000) / 100_000
    }
  }

  private func pick(_ w: [Float], _ rows: [Int], _ columns: [Int], of width: Int, _ size: Int)
    -> [Float]
  {
    rows.flatMap { row in
      columns.flatMap { column in
        (0..<size).map { w[(row * width + column) * size + $0] }
      }
    }
  }

  private func compare(_ a: Model, _ b: Model) -> DiffReport {
    diff(a, b, views: (ModelView(a), ModelView(b)), options: DiffOptions())
  }

  /// Two branches side by side, and a layer that reads both.
  private func branches(_ p: [Int], _ q: [Int]) -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let heads = [(p, 1), (q, 2)].map { kept, seed in
      net.node(
        "Conv", "branch\(seed)",
        [
          x,
          net.constant(
            "w\(seed)",
            Tensor(
              floats: pick(numbers(6 * 3 * 9, seed), kept, [0, 1, 2], of: 3, 9),
              [kept.count, 3, 3, 3])),
        ], [Attribute("pads", .ints([1, 1, 1, 1]))])
    }
    let joined = net.node("Concat", "joined", heads, [Attribute("axis", .int(1))])
    let columns = p + q.map { $0 + 6 }
    let y = net.node(
      "Conv", "last",
      [
        joined,
        net.constant(
          "v",
          Tensor(
            floats: pick(numbers(2 * 12, 3), [0, 1], columns, of: 12, 1), [2, columns.count, 1, 1])),
      ])
    net.output(y, [1, 2, 4, 4])
    return net.model()
  }

  @Test("channels are followed through Concat, from one part or both")
  func joined() {
    let all = Array(0..<6)
    for (p, q) in [([0, 2, 5], all), (all, [1, 4]), ([3, 1], [5, 0, 2])] {
      let report = compare(branches(all, all), branches(p, q))
      #expect(!report.text().contains("not known"), "\(report.text())")
      #expect(report.layerSummaries.allSatisfy { $0.sqnr == .infinity })
    }
  }

  /// A layer whose inputs come through something that no channel is followed through.
  private func hidden(_ rows: [Int], _ columns: [Int], noise: Float = 0, record: Bool = false)
    -> Model
  {
    var net = Network()
    let x = net.input("x", [1, .known(columns.count), 4, 4])
    let gap = numbers(16 * 12, 8)
    let w = zip(numbers(16 * 12, 7), gap).map { $0 + noise * $1 }
    let y = net.node(
      "Conv", "layer",
      [
        x,
        net.constant(
          "w", Tensor(floats: pick(w, rows, columns, of: 12, 1), [rows.count, columns.count, 1, 1])),
      ])
    net.output(net.node("Relu", "relu", [y]))
    var model = net.model()
    if record, let id = model.graph.nodeIDs.first {
      ChannelRecord(length: 16, kept: rows).write(to: &model.graph[id].metadata)
    }
    return model
  }

  @Test("rows and columns are found together where elements are the same")
  func together() throws {
    let report = compare(
      hidden(Array(0..<16), Array(0..<12)), hidden([1, 5, 6, 15], [0, 3, 4, 9, 11]))
    #expect(
      report.text().contains("channels 16 → 4 (12 removed: 0, 2, 3, 4, …)"), "\(report.text())")
  }

  @Test("the file's own record outweighs rows that are a little nearer to others")
  func outweighed() throws {
    func model(_ rows: [[Float]], record: [Int]? = nil) -> Model {
      var net = Network()
      let x = net.input("x", [1, 12, 4, 4])
      let weight = Tensor(floats: rows.flatMap { $0 }, [rows.count, 12, 1, 1])
      let y = net.node("Conv", "layer", [x, net.constant("w", weight)])
      net.output(net.node("Relu", "relu", [y]))
      var model = net.model()
      if let record, let id = model.graph.nodeIDs.first {
        ChannelRecord(length: 16, kept: record).write(to: &model.graph[id].metadata)
      }
      return model
    }
    let all = numbers(16 * 12, 7), gaps = numbers(16 * 12, 8)
    // Rows 4 and 5 are small, and what is left of 5 has come to look like 4.
    let whole = (0..<16).map { row in
      (0..<12).map { all[row * 12 + $0] * ([4, 5].contains(row) ? 0.02 : 1) }
    }
    let kept = [1, 5, 6, 15]
    let left = kept.map { row in
      (0..<12).map { row == 5 ? whole[4][$0] : whole[row][$0] + 0.2 * gaps[row * 12 + $0] }
    }
    let guessed = compare(model(whole), model(left)),
      told = compare(model(whole), model(left, record: kept))
    #expect(guessed.text().contains("removed: 0, 2, 3, 5"), "\(guessed.text())")
    #expect(told.text().contains("removed: 0, 2, 3, 4"), "\(told.text())")
  }

  @Test("what weights do not tell the file's own record does, and without one it is not known")
  func recorded() throws {
    let all = hidden(Array(0..<16), Array(0..<12))
    let columns = [0, 3, 4, 9, 11]
    let silent = compare(all, hidden([1, 5, 6, 15], columns, noise: 3))
    #expect(!silent.text().contains("removed:"))
    let told = compare(all, hidden([1, 5, 6, 15], columns, noise: 3, record: true))
    #expect(told.text().contains("channels 16 → 4 (12 removed: 0, 2, 3, 4, …)"))
    // The record itself is no further difference.
    #expect(!told.text().contains("metadata"))
  }

  @Test("records of several removals are one, and others say nothing")
  func records() {
    var metadata: [MetadataEntry] = []
    ChannelRecord(length: 10, kept: [1, 3, 5, 7, 9]).write(to: &metadata)
    ChannelRecord(length: 5, kept: [0, 4]).write(to: &metadata)
    #expect(metadata.count == 1)
    #expect(ChannelRecord(in: metadata, of: 10)?.kept == [1, 9])
    #expect(ChannelRecord(in: metadata, of: 5)?.kept == [0, 4])
    #expect(ChannelRecord(in: metadata, of: 4) == nil)
    for text in ["", "10", "10:", "10:fffff", "x:ff", "0:", "4:g", "3:1"] {
      let entry = [MetadataEntry(key: ChannelRecord.key, value: text)]
      #expect(ChannelRecord(in: entry, of: 3) == nil)
    }
  }
}
