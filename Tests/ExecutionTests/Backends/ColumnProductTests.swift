import Execution
import Kernels
import TestSupport
import Testing

@Suite("Sums of products of columns")
struct ColumnProductTests {
  /// Sums in double, one product after another.
  private func expected(_ a: [Float], _ b: [Float], rows: Int) -> [Double] {
    let m = a.count / rows, n = b.count / rows
    var sums = [Double](repeating: 0, count: m * n)
    for row in 0..<rows {
      for i in 0..<m {
        for j in 0..<n { sums[i * n + j] += Double(a[row * m + i]) * Double(b[row * n + j]) }
      }
    }
    return sums
  }

  @Test(
    "are those of the definition, and the same bits on any number of threads",
    arguments: [(1, 1, 1), (3, 5, 7), (512, 96, 10), (300, 97, 193), (5, 200, 1), (64, 1, 130)])
  func sums(rows: Int, m: Int, n: Int) throws {
    let a = try #require(try floats([rows, m], seed: 3).floats)
    let b = try #require(try floats([rows, n], seed: 4).floats)
    for isSquare in [true, false] {
      let other = isSquare ? a : b
      let wanted = expected(a, other, rows: rows)
      // What rounding can add up to, whatever the order.
      let bounds = expected(a.map(abs), other.map(abs), rows: rows)
      func found(_ way: ColumnProduct?) -> [Double] {
        var sums = [Double](repeating: 1, count: wanted.count)
        a.withUnsafeBufferPointer { a in
          b.withUnsafeBufferPointer { b in
            ColumnProducts.add(a, isSquare ? nil : b, rows: rows, by: way, to: &sums)
          }
        }
        return sums
      }
      var all = [found(nil)]
      for threads in 1...3 {
        let backend = try #require(BackendChoice.accelerated.open(threads))
        backend.takeThreads()
        all.append(found(backend.columnProduct))
      }
      #expect(all[1] == all[2] && all[2] == all[3])
      // Where a way fails the kernels' is taken.
      #expect(found { _, _, _, _ in false } == all[0])
      for sums in all.prefix(2) {
        for place in wanted.indices {
          let error = abs(wanted[place] + 1 - sums[place])
          #expect(error <= 1e-15 + Double(rows) * 0x1p-24 * bounds[place], "\(rows) \(m) \(n)")
        }
      }
    }
  }
}
