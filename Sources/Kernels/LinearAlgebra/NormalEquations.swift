/// Sums over pairs of rows x, y from which the W and b follow that minimise
///
///     Σ |y - W·x - b|² + ρ·|W - W₀|²
///
/// With means x̄ and ȳ, and G = Σ (x - x̄)(x - x̄)ᵀ and C = Σ (y - ȳ)(x - x̄)ᵀ, setting the
/// derivative to zero gives, for the change D = W - W₀,
///
///     D·(G + ρ·I) = C - W₀·G    and    b = ȳ - W·x̄.
///
/// ρ is given relative to the mean of G's diagonal. Columns without variance keep their weights.
/// Without a b, means do not count.
package struct NormalEquations {
  /// The length of x.
  package let inputs: Int
  /// The length of y.
  package let outputs: Int
  /// Of x and y one after the other.
  private var sums: GramSums

  /// Starts with no rows.
  package init(inputs: Int, outputs: Int) {
    self.inputs = inputs
    self.outputs = outputs
    sums = GramSums(length: inputs + outputs, squares: true)
  }

  /// Takes in rows that lie one after another: `inputs` elements of x, `outputs` of y.
  package mutating func add(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) {
    guard inputs > 0, outputs > 0 else { return }
    let rows = min(x.count / inputs, y.count / outputs), width = inputs + outputs
    let both = [Float](unsafeUninitializedCapacity: rows * width) { both, count in
      x.withUnsafeBufferPointer { x in
        y.withUnsafeBufferPointer { y in
          for row in 0..<rows {
            for i in 0..<inputs { both[row * width + i] = x[row * inputs + i] }
            for i in 0..<outputs { both[row * width + inputs + i] = y[row * outputs + i] }
          }
        }
      }
      count = rows * width
    }
    sums.add(both[...])
  }

  /// The W, one row an output, and the b.
  ///
  /// Where the inputs never vary W stays W₀, and b alone is fitted.
  ///
  /// - Parameters:
  ///   - weights: W₀, one row an output.
  ///   - ridge: ρ over the mean of G's diagonal.
  ///   - offset: whether there is a b; it is zero otherwise.
  /// - Returns: nil where there are no rows or sums are not finite.
  package func solve(
    from weights: [Double], ridge: Double, offset: Bool = true
  ) -> (weights: [Double], biases: [Double])? {
    let count = sums.count, sum = sums.sums, products = sums.products
    guard count > 0, weights.count == inputs * outputs else { return nil }
    let width = inputs + outputs
    var gram = [Double](repeating: 0, count: inputs * inputs)
    var sides = [Double](repeating: 0, count: inputs * outputs)
    for i in 0..<inputs {
      let mean = offset ? sum[i] / count : 0
      for j in 0..<inputs { gram[i * inputs + j] = products[i * width + j] - mean * sum[j] }
      for o in 0..<outputs {
        sides[o * inputs + i] = products[i * width + inputs + o] - mean * sum[inputs + o]
      }
    }
    for (place, known) in product(weights, gram).enumerated() { sides[place] -= known }
    guard gram.allSatisfy(\.isFinite), sides.allSatisfy(\.isFinite) else { return nil }
    let trace = (0..<inputs).reduce(0) { $0 + gram[$1 * inputs + $1] }
    let added = ridge * trace / Double(inputs)
    for i in 0..<inputs { gram[i * inputs + i] += added }
    var found = weights
    if added > 0, let factor = Cholesky(gram, size: inputs) {
      factor.solve(&sides)
      for i in found.indices { found[i] += sides[i] }
    }
    let biases = (0..<outputs).map { o in
      offset
        ? (0..<inputs).reduce(sum[inputs + o]) { $0 - found[o * inputs + $1] * sum[$1] } / count : 0
    }
    guard found.allSatisfy(\.isFinite), biases.allSatisfy(\.isFinite) else { return nil }
    return (found, biases)
  }

  /// W₀·G.
  private func product(_ weights: [Double], _ gram: [Double]) -> [Double] {
    [Double](unsafeUninitializedCapacity: outputs * inputs) { result, count in
      count = outputs * inputs
      weights.withUnsafeBytes { weights in
        gram.withUnsafeBytes { gram in
          _ = matrixProduct(
            MatrixProductShape(m: outputs, n: inputs, k: inputs),
            Source(.double, [outputs, inputs], weights),
            Source(.double, [inputs, inputs], gram),
            into: Target(.double, [outputs, inputs], UnsafeMutableRawBufferPointer(result)))
        }
      }
    }
  }
}
