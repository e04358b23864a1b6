/// What is lost of a sum when some of its addends go and nothing adapts: the mean square of their sum.
package struct AddendLoss: Sendable {
  /// The number of addends.
  package let size: Int
  /// The means of products of two addends.
  private let products: [Double]
  /// Twice the products with all that went, for each addend.
  private var shared: [Double]
  private var isGone: [Bool]

  /// All addends stay.
  ///
  /// - Parameter products: the means of products of two addends, row-major.
  package init?(products: [Double], size: Int) {
    guard size > 0, products.count == size * size else { return nil }
    self.size = size
    self.products = products
    shared = [Double](repeating: 0, count: size)
    isGone = [Bool](repeating: false, count: size)
  }

  /// What is lost when addends that stay go together, or regained when some that went come back.
  ///
  /// - Parameter addends: a few, all of one kind.
  package func change(_ addends: [Int]) -> Double {
    guard let first = addends.first else { return 0 }
    var own = 0.0, others = 0.0
    for i in addends {
      others += shared[i]
      for j in addends { own += products[i * size + j] }
    }
    return isGone[first] ? others - own : others + own
  }

  /// Takes an addend away, or brings one back that went.
  package mutating func toggle(_ addend: Int) {
    let sign: Double = isGone[addend] ? -2 : 2
    for j in 0..<size { shared[j] += sign * products[addend * size + j] }
    isGone[addend].toggle()
  }
}
