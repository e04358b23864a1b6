internal import IR

/// Named dimensions of two models that stand for each other: a one-to-one pairing found while types
/// are compared.
struct SymbolPairs {
  private var partner: [String: String] = [:]
  private var taken: [String: String] = [:]
  private var order: [String] = []

  /// Pairs of different names, in the order in which they were found.
  var renamed: [(String, String)] {
    order.compactMap { name in
      partner[name].flatMap { $0 == name ? nil : (name, $0) }
    }
  }

  /// Whether two types are the same up to names of dimensions.
  mutating func match(_ x: ValueType?, _ y: ValueType?) -> Bool {
    switch (x, y) {
    case (nil, nil): true
    case (.tensor(let p)?, .tensor(let q)?), (.sparseTensor(let p)?, .sparseTensor(let q)?):
      match(p, q)
    case (.sequence(let p)?, .sequence(let q)?), (.optional(let p)?, .optional(let q)?): match(p, q)
    case (.map(let k, let p)?, .map(let l, let q)?): k == l && match(p, q)
    default: false
    }
  }

  private mutating func match(_ x: TensorType, _ y: TensorType) -> Bool {
    guard x.elementType == y.elementType else { return false }
    guard let p = x.shape, let q = y.shape else { return x.shape == y.shape }
    guard p.rank == q.rank else { return false }
    var isSame = true
    for (m, n) in zip(p.dimensions, q.dimensions) where !match(m, n) { isSame = false }
    return isSame
  }

  private mutating func match(_ x: Dimension, _ y: Dimension) -> Bool {
    guard case .symbolic(let p) = x, case .symbolic(let q) = y else { return x == y }
    if let m = p.symbol, let n = q.symbol {
      if partner[m] == nil, taken[n] == nil {
        partner[m] = n
        taken[n] = m
        order.append(m)
      }
      return partner[m] == n
    }
    return isEqual(p, q)
  }

  /// Compares expressions through their values at a few places, paired names having equal lengths.
  private func isEqual(_ p: SymbolicExpression, _ q: SymbolicExpression) -> Bool {
    [101, 1009, 10007].allSatisfy { step in
      var left: [String: Int] = [:], right: [String: Int] = [:]
      for (index, name) in p.symbols.union(q.symbols.map { taken[$0] ?? $0 }).sorted().enumerated()
      {
        left[name] = step * (index + 1) + index * index
        right[partner[name] ?? name] = left[name]
      }
      return p.evaluated(left) == q.evaluated(right)
    }
  }
}
