/// Inputs of a linear layer that leave and come back one at a time, while those that stay always have the
/// weights that make up best for the others: the sweep operator (J. Goodnight, "A tutorial on the SWEEP
/// operator", 1979) on the covariance H of the inputs, and with it the products of the weights.
///
/// With K the inputs that stay and V their weights, an input j that stays costs |V_j|² / [(H_KK)⁻¹]_jj when
/// it goes and the rest adapts (the optimal brain surgeon; B. Hassibi and D. Stork, 1993). One that went has
/// g_j, what the results have in common with what the others cannot say of it, whose variance is C_j, and
/// gives back |g_j|² / C_j. Only products of rows of V and g are needed, so that the number of results does
/// not matter.
///
/// A change is of rank one for the first matrix and of rank two for the second. Some are kept beside
/// the matrices and joined to them together.
package struct RemovalTableau: Sendable {
  /// The number of inputs.
  package let size: Int
  /// -(H_KK)⁻¹ among those that stay, the covariance given these among the others; without the changes
  /// that are pending.
  private var swept: [Double]
  /// Products of rows of V and g, without the changes that are pending.
  private var products: [Double]
  /// The diagonals of both, as they are now.
  private var sweptDiagonal: [Double]
  private var productDiagonal: [Double]
  /// Which inputs went.
  package private(set) var isGone: [Bool]
  private var pending: [Change] = []

  /// Takes u·uᵀ / pivot off the first matrix and u·wᵀ + w·uᵀ off the second.
  private struct Change: Sendable {
    let u: [Double]
    let w: [Double]
    let pivot: Double
  }

  /// So many changes are joined to the matrices together.
  private static let together = 32

  /// All inputs stay.
  ///
  /// - Parameters:
  ///   - precision: H⁻¹, or the part of these inputs where others stay for good; row-major.
  ///   - weights: V·Vᵀ.
  /// - Returns: nil where the lengths do not fit, or nothing varies.
  package init?(precision: [Double], weights: [Double], size: Int) {
    guard size > 0, precision.count == size * size, weights.count == size * size else { return nil }
    // Pivots near one keep the changes exact.
    let scale = (0..<size).reduce(0) { $0 + precision[$1 * (size + 1)] } / Double(size)
    guard scale > 0, scale.isFinite else { return nil }
    self.size = size
    swept = precision.map { -$0 / scale }
    products = weights.map { $0 / scale }
    sweptDiagonal = (0..<size).map { -precision[$0 * (size + 1)] / scale }
    productDiagonal = (0..<size).map { weights[$0 * (size + 1)] / scale }
    isGone = [Bool](repeating: false, count: size)
  }

  /// What is lost when inputs that stay go together, or regained when inputs that went come back.
  ///
  /// - Parameter inputs: a few, all of one kind.
  package func change(_ inputs: [Int]) -> Double {
    guard let first = inputs.first else { return 0 }
    guard inputs.count > 1 else {
      return max(0, productDiagonal[first] / max(abs(sweptDiagonal[first]), .leastNormalMagnitude))
    }
    let n = inputs.count
    let sign: Double = isGone[first] ? 1 : -1
    var block = [Double](repeating: 0, count: n * n), sides = block
    for (row, i) in inputs.enumerated() {
      for (column, j) in inputs[...row].enumerated() {
        let (a, p) = elements(i, j)
        block[row * n + column] = sign * a
        (sides[row * n + column], sides[column * n + row]) = (p, p)
      }
    }
    guard let factor = Cholesky(block, size: n) else { return 0 }
    // The trace of the block's inverse times the products.
    factor.solve(&sides)
    return max(0, (0..<n).reduce(0) { $0 + sides[$1 * (n + 1)] })
  }

  /// An element of each of the matrices as they are now.
  private func elements(_ i: Int, _ j: Int) -> (Double, Double) {
    guard i != j else { return (sweptDiagonal[i], productDiagonal[i]) }
    var a = swept[i * size + j], p = products[i * size + j]
    for change in pending {
      let (ui, uj) = (change.u[i], change.u[j])
      a -= ui * uj / change.pivot
      p -= ui * change.w[j] + change.w[i] * uj
    }
    return (a, p)
  }

  /// Takes an input away, or brings one back that went.
  package mutating func toggle(_ input: Int) {
    let pivot = sweptDiagonal[input], own = productDiagonal[input]
    guard pivot != 0, pivot.isFinite else { return }
    var u = Array(swept[input * size..<(input + 1) * size])
    var w = Array(products[input * size..<(input + 1) * size])
    for change in pending {
      let (ui, wi) = (change.u[input], change.w[input])
      let share = ui / change.pivot
      for j in 0..<size {
        u[j] -= share * change.u[j]
        w[j] -= ui * change.w[j] + wi * change.u[j]
      }
    }
    // With this the row and the column of the input itself come out right, too.
    u[input] = pivot - (isGone[input] ? 1 : -1)
    w[input] = own
    for j in 0..<size {
      w[j] = (w[j] - u[j] * own / (2 * pivot)) / pivot
      sweptDiagonal[j] -= u[j] * u[j] / pivot
      productDiagonal[j] -= 2 * u[j] * w[j]
    }
    sweptDiagonal[input] = -1 / pivot
    isGone[input].toggle()
    pending.append(Change(u: u, w: w, pivot: pivot))
    if pending.count == Self.together { join() }
  }

  /// Joins the pending changes to the matrices.
  private mutating func join() {
    let u = pending.flatMap(\.u), w = pending.flatMap(\.w)
    let scaled = pending.flatMap { change in change.u.map { $0 / change.pivot } }
    Self.subtract(u, scaled, from: &swept, size)
    Self.subtract(u + w, w + u, from: &products, size)
    for i in 0..<size {
      swept[i * (size + 1)] = sweptDiagonal[i]
      products[i * (size + 1)] = productDiagonal[i]
    }
    pending = []
  }

  /// Takes aᵀ·b off a matrix.
  private static func subtract(
    _ a: [Double], _ b: [Double], from matrix: inout [Double], _ n: Int
  ) {
    var shape = MatrixProductShape(m: n, n: n, k: a.count / n)
    shape.transposedA = true
    var product = [Double](repeating: 0, count: n * n)
    a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        product.withUnsafeMutableBytes { product in
          _ = matrixProduct(
            shape, Source(.double, [shape.k, n], a), Source(.double, [shape.k, n], b),
            into: Target(.double, [n, n], product))
        }
      }
    }
    matrix.withUnsafeMutableBufferPointer { matrix in
      for i in matrix.indices { matrix[i] -= product[i] }
    }
  }
}
