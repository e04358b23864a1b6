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
package struct NormalEquations {
  /// The length of x.
  package let inputs: Int
  /// The length of y.
  package let outputs: Int
  private var count = 0.0
  private var sumX: [Double]
  private var sumY: [Double]
  /// Σ x·[x y]ᵀ, row-major.
  private var products: [Double]

  /// Starts with no rows.
  package init(inputs: Int, outputs: Int) {
    self.inputs = inputs
    self.outputs = outputs
    sumX = [Double](repeating: 0, count: inputs)
    sumY = [Double](repeating: 0, count: outputs)
    products = [Double](repeating: 0, count: inputs * (inputs + outputs))
  }

  /// The number of rows summed up in float before they are added to the sums in double.
  private static let block = 512

  /// Takes in rows that lie one after another: `inputs` elements of x, `outputs` of y.
  package mutating func add(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) {
    guard inputs > 0, outputs > 0 else { return }
    let rows = min(x.count / inputs, y.count / outputs), width = inputs + outputs
    var both = [Float](repeating: 0, count: Self.block * width)
    var sums = [Float](repeating: 0, count: inputs * width)
    for first in stride(from: 0, to: rows, by: Self.block) {
      let height = min(Self.block, rows - first)
      for row in 0..<height {
        let fromX = x.startIndex + (first + row) * inputs
        let fromY = y.startIndex + (first + row) * outputs
        for i in 0..<inputs {
          both[row * width + i] = x[fromX + i]
          sumX[i] += Double(x[fromX + i])
        }
        for i in 0..<outputs {
          both[row * width + inputs + i] = y[fromY + i]
          sumY[i] += Double(y[fromY + i])
        }
      }
      var shape = MatrixProductShape(m: inputs, n: width, k: height)
      shape.transposedA = true
      let start = x.startIndex + first * inputs
      x[start..<start + height * inputs].withUnsafeBytes { left in
        both.withUnsafeBytes { right in
          sums.withUnsafeMutableBytes { result in
            _ = matrixProduct(
              shape, Source(.float, [height, inputs], left),
              Source(.float, [height, width], right),
              into: Target(.float, [inputs, width], result))
          }
        }
      }
      for i in sums.indices { products[i] += Double(sums[i]) }
      count += Double(height)
    }
  }

  /// The W, one row an output, and the b.
  ///
  /// Where the inputs never vary W stays W₀, and b alone is fitted.
  ///
  /// - Parameters:
  ///   - weights: W₀, one row an output.
  ///   - ridge: ρ over the mean of G's diagonal.
  /// - Returns: nil where there are no rows or sums are not finite.
  package func solve(
    from weights: [Double], ridge: Double
  ) -> (weights: [Double], biases: [Double])? {
    guard count > 0, weights.count == inputs * outputs else { return nil }
    let width = inputs + outputs
    var gram = [Double](repeating: 0, count: inputs * inputs)
    var sides = [Double](repeating: 0, count: inputs * outputs)
    for i in 0..<inputs {
      let mean = sumX[i] / count
      for j in 0..<inputs { gram[i * inputs + j] = products[i * width + j] - mean * sumX[j] }
      for o in 0..<outputs {
        sides[o * inputs + i] = products[i * width + inputs + o] - mean * sumY[o]
      }
    }
    for o in 0..<outputs {
      for j in 0..<inputs where weights[o * inputs + j] != 0 {
        let factor = weights[o * inputs + j]
        for i in 0..<inputs { sides[o * inputs + i] -= factor * gram[j * inputs + i] }
      }
    }
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
      (0..<inputs).reduce(sumY[o]) { $0 - found[o * inputs + $1] * sumX[$1] } / count
    }
    guard found.allSatisfy(\.isFinite), biases.allSatisfy(\.isFinite) else { return nil }
    return (found, biases)
  }
}
