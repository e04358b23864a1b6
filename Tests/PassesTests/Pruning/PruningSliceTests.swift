import IR
import Passes
import TestSupport
import Testing

/// Weights so large that their cut is computed part by part.
@Suite struct PruningSliceTests {
  @Test(
    "Every part of a cut weight holds the kept slices of the original",
    arguments: [(1, 1, 768), (3, 1, 256), (2, 4, 768)] as [(Int, Int, Int)])
  func parts(kernel: Int, group: Int, channels: Int) throws {
    let out = 1024
    var net = Network()
    let x = net.input("x", [1, 4, 4, 4])
    let a = net.conv("a", x, 4, channels)
    net.output(net.conv("c", net.conv("b", a, channels, out, kernel: kernel, group: group), out, 2))
    let model = net.model()
    let result = try Pruner(model, PruningOptions(target: .ratio(0.3))).prune(verification: nil)

    let before = try #require(model.constant("b.w"))
    let after = try #require(result.model.constant("b.w"))
    let values = try #require(before.floats)
    let slices = result.plan.weights.filter { $0.weight == "b.w" }
    let rows = try #require(slices.first { $0.axis == 0 }).kept[0]
    let columns = try #require(slices.first { $0.axis == 1 }).kept
    let (width, area) = (before.dimensions[1], kernel * kernel)
    var expected: [Float] = []
    for row in rows {
      for column in columns[columns.count == 1 ? 0 : row / (out / group)] {
        let start = (row * width + column) * area
        expected += values[start..<start + area]
      }
    }
    #expect(after.floats == expected)
    let storage = try #require(after.storage)
    #expect(storage.isComputed)
    var part = [UInt8](repeating: 0, count: 100_003)
    for offset in [0, 1, 4097, storage.count - part.count] {
      part.withUnsafeMutableBytes { storage.copy(to: $0, from: offset) }
      let same = expected.withUnsafeBytes { part.elementsEqual($0[offset..<offset + part.count]) }
      #expect(same, "at \(offset)")
    }
  }
}
