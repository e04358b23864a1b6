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
  /// How many rows were taken in.
  private var count = 0.0
  /// Σ x.
  private var inputSums: [Double]
  /// Σ y.
  private var outputSums: [Double]
  /// Σ x·xᵀ, row-major.
  private var squares: [Double]
  /// Σ x·yᵀ, row-major: a row for each element of x. Nobody needs Σ y·yᵀ.
  private var crosses: [Double]

  /// How products are worked out; nil for the kernels' way.
  private let way: ColumnProduct?

  /// The number of rows summed up in float before they are added to the sums in double.
  private static let block = 512

  /// Starts with no rows.
  ///
  /// - Parameter way: how products are worked out; nil for the kernels' way.
  package init(inputs: Int, outputs: Int, by way: ColumnProduct? = nil) {
    self.inputs = inputs
    self.outputs = outputs
    self.way = way
    inputSums = [Double](repeating: 0, count: inputs)
    outputSums = [Double](repeating: 0, count: outputs)
    squares = [Double](repeating: 0, count: inputs * inputs)
    crosses = [Double](repeating: 0, count: inputs * outputs)
  }

  /// Takes in rows that lie one after another: `inputs` elements of x, `outputs` of y.
  package mutating func add(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) {
    guard inputs > 0, outputs > 0 else { return }
    let rows = min(x.count / inputs, y.count / outputs)
    count += Double(rows)
    Self.sum(x, into: &inputSums, rows: rows)
    Self.sum(y, into: &outputSums, rows: rows)
    for first in stride(from: 0, to: rows, by: Self.block) {
      let range = first..<min(rows, first + Self.block)
      Self.rows(range, of: x, width: inputs).withUnsafeBufferPointer { x in
        ColumnProducts.add(x, rows: range.count, by: way, to: &squares)
        Self.rows(range, of: y, width: outputs).withUnsafeBufferPointer { y in
          ColumnProducts.add(x, y, rows: range.count, by: way, to: &crosses)
        }
      }
    }
  }

  private static func rows(
    _ range: Range<Int>, of all: ArraySlice<Float>, width: Int
  ) -> ArraySlice<Float> {
    let start = all.startIndex + range.lowerBound * width
    return all[start..<start + range.count * width]
  }

  private static func sum(_ all: ArraySlice<Float>, into sums: inout [Double], rows: Int) {
    let width = sums.count
    all.withUnsafeBufferPointer { all in
      sums.withUnsafeMutableBufferPointer { sums in
        for row in 0..<rows {
          for i in 0..<width { sums[i] += Double(all[row * width + i]) }
        }
      }
    }
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
    guard count > 0, weights.count == inputs * outputs else { return nil }
    var gram = squares
    var sides = [Double](repeating: 0, count: inputs * outputs)
    for i in 0..<inputs {
      let mean = offset ? inputSums[i] / count : 0
      for j in 0..<inputs { gram[i * inputs + j] -= mean * inputSums[j] }
      for o in 0..<outputs {
        sides[o * inputs + i] = crosses[i * outputs + o] - mean * outputSums[o]
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
        ? (0..<inputs).reduce(outputSums[o]) { $0 - found[o * inputs + $1] * inputSums[$1] } / count
        : 0
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
