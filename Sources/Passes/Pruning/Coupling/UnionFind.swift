/// Disjoint sets over `0..<count`, with path halving and union by size.
struct UnionFind {
  private var parent: [Int32]
  private var size: [Int32]

  init(count: Int) {
    parent = (0..<Int32(count)).map { $0 }
    size = Array(repeating: 1, count: count)
  }

  /// The representative of the set that holds `item`.
  mutating func root(_ item: Int) -> Int {
    var item = Int32(item)
    while parent[Int(item)] != item {
      parent[Int(item)] = parent[Int(parent[Int(item)])]
      item = parent[Int(item)]
    }
    return Int(item)
  }

  /// The representative of each item's set.
  mutating func roots() -> [Int32] { parent.indices.map { Int32(root($0)) } }

  /// Makes one set of the two; returns its representative and the one that is no longer.
  @discardableResult
  mutating func unite(_ a: Int, _ b: Int) -> (kept: Int, gone: Int)? {
    var x = root(a), y = root(b)
    guard x != y else { return nil }
    if size[x] < size[y] { swap(&x, &y) }
    parent[y] = Int32(x)
    size[x] += size[y]
    return (x, y)
  }
}
