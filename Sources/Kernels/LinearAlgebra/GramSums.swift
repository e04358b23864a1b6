/// Sums over rows x: how many, Σ x and, where asked for, Σ x·xᵀ. Two can be merged.
package struct GramSums: Sendable {
  /// The length of x.
  package let length: Int
  /// How many rows were taken in.
  package private(set) var count = 0.0
  /// Σ x.
  package private(set) var sums: [Double]
  /// Σ x·xᵀ, row-major; empty where nobody asked.
  package private(set) var products: [Double]

  /// How products are worked out; nil for the kernels' way.
  private let way: ColumnProduct?

  /// - Parameters:
  ///   - squares: whether products are summed up.
  ///   - way: how products are worked out; nil for the kernels' way.
  package init(length: Int, squares: Bool, by way: ColumnProduct? = nil) {
    self.length = length
    self.way = way
    sums = [Double](repeating: 0, count: length)
    products = squares ? [Double](repeating: 0, count: length * length) : []
  }

  /// The number of rows summed up in float before they are added to the sums in double.
  private static let block = 512

  /// Takes in rows that lie one after another.
  package mutating func add(_ rows: ArraySlice<Float>) {
    guard length > 0 else { return }
    let height = rows.count / length
    rows.withUnsafeBufferPointer { x in
      for row in 0..<height {
        for i in 0..<length { sums[i] += Double(x[row * length + i]) }
      }
    }
    count += Double(height)
    guard !products.isEmpty else { return }
    for first in stride(from: 0, to: height, by: Self.block) {
      let number = min(Self.block, height - first)
      let start = rows.startIndex + first * length
      rows[start..<start + number * length].withUnsafeBufferPointer { x in
        ColumnProducts.add(x, rows: number, by: way, to: &products)
      }
    }
  }

  /// Takes in what another has summed up, of rows of the same length.
  package mutating func merge(_ other: GramSums) {
    guard length == other.length, products.count == other.products.count else { return }
    count += other.count
    for i in sums.indices { sums[i] += other.sums[i] }
    for i in products.indices { products[i] += other.products[i] }
  }
}
