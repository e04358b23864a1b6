/// The eigenvalues and eigenvectors of a symmetric matrix, in double precision: reduced to three
/// diagonals by reflections, these made diagonal by QL steps with shifts (G. H. Golub and C. F. Van
/// Loan, "Matrix Computations", 4th edition, 8.3).
package struct SymmetricEigen: Sendable {
  /// The eigenvalues, the largest first.
  package private(set) var values: [Double]
  /// The eigenvectors, of length 1, one a row in the order of the values.
  package private(set) var vectors: [Double]

  /// More steps for one value mean that numbers are not finite.
  private static let steps = 60

  /// - Parameter matrix: row-major; only what is on and below the diagonal counts.
  /// - Returns: nil for other numbers of elements, and where no values are found.
  package init?(_ matrix: [Double], size: Int) {
    guard matrix.count == size * size, matrix.allSatisfy(\.isFinite) else { return nil }
    var reduction = Tridiagonal(matrix, size: size)
    guard reduction.diagonalize(steps: Self.steps) else { return nil }
    // The sign of a vector is no information: its largest element is made positive.
    let order = (0..<size).sorted {
      (-reduction.diagonal[$0], $0) < (-reduction.diagonal[$1], $1)
    }
    values = order.map { reduction.diagonal[$0] }
    vectors = []
    vectors.reserveCapacity(size * size)
    for row in order {
      let own = reduction.rows[row * size..<(row + 1) * size]
      let largest = own.max { abs($0) < abs($1) } ?? 0
      vectors += largest < 0 ? own.map { -$0 } : Array(own)
    }
  }
}

/// A symmetric matrix with three diagonals, and the turned basis in which it has them, one vector a
/// row.
private struct Tridiagonal {
  var diagonal: [Double]
  private var beside: [Double]
  var rows: [Double]
  private let size: Int

  init(_ matrix: [Double], size: Int) {
    self.size = size
    diagonal = [Double](repeating: 0, count: size)
    beside = diagonal
    rows = [Double](repeating: 0, count: size * size)
    for i in 0..<size { rows[i * size + i] = 1 }
    var a = matrix
    for i in 0..<size { for j in 0..<i { a[j * size + i] = a[i * size + j] } }
    for k in 0..<max(0, size - 2) { reflect(k, &a) }
    for i in 0..<size { diagonal[i] = a[i * size + i] }
    for i in 0..<max(0, size - 1) { beside[i] = a[(i + 1) * size + i] }
  }

  /// Clears column k below the second diagonal by the reflection 1 - 2·v·vᵀ.
  private mutating func reflect(_ k: Int, _ a: inout [Double]) {
    let n = size, rest = k + 1..<n
    var v = [Double](repeating: 0, count: n)
    for i in rest { v[i] = a[i * n + k] }
    let norm = rest.reduce(0) { $0 + v[$1] * v[$1] }.squareRoot()
    let below = rest.dropFirst().contains { v[$0] != 0 }
    guard norm > 0, below else { return }
    v[k + 1] += v[k + 1] < 0 ? -norm : norm
    let length = rest.reduce(0) { $0 + v[$1] * v[$1] }.squareRoot()
    for i in rest { v[i] /= length }
    // p = 2·A·v, then A - v·(p - (vᵀp)·v)ᵀ - (p - (vᵀp)·v)·vᵀ.
    var p = [Double](repeating: 0, count: n)
    v.withUnsafeBufferPointer { v in
      a.withUnsafeMutableBufferPointer { a in
        for i in k..<n {
          var sum = 0.0
          for j in rest { sum += a[i * n + j] * v[j] }
          p[i] = 2 * sum
        }
        var product = 0.0
        for i in rest { product += v[i] * p[i] }
        for i in rest { p[i] -= product * v[i] }
        for i in k..<n {
          for j in k..<n { a[i * n + j] -= v[i] * p[j] + p[i] * v[j] }
        }
      }
      rows.withUnsafeMutableBufferPointer { rows in
        var sums = [Double](repeating: 0, count: n)
        for i in rest { for j in 0..<n { sums[j] += v[i] * rows[i * n + j] } }
        for i in rest { for j in 0..<n { rows[i * n + j] -= 2 * v[i] * sums[j] } }
      }
    }
  }

  /// Makes what is beside the diagonal vanish; false where it does not.
  mutating func diagonalize(steps: Int) -> Bool {
    for first in 0..<size {
      var count = 0
      while true {
        var last = first
        while last < size - 1 {
          let scale = abs(diagonal[last]) + abs(diagonal[last + 1])
          if abs(beside[last]) <= .ulpOfOne * scale { break }
          last += 1
        }
        if last == first { break }
        count += 1
        guard count <= steps else { return false }
        step(first, last)
      }
    }
    return true
  }

  /// One QL step on the part from `first` to `last`, shifted by the eigenvalue of its first two rows
  /// that is nearer to the first element.
  private mutating func step(_ first: Int, _ last: Int) {
    let half = (diagonal[first + 1] - diagonal[first]) / (2 * beside[first])
    let root = (half * half + 1).squareRoot()
    let shift = diagonal[first] - beside[first] / (half + (half < 0 ? -root : root))
    var g = diagonal[last] - shift, sine = 1.0, cosine = 1.0, taken = 0.0
    for i in (first..<last).reversed() {
      let f = sine * beside[i], b = cosine * beside[i]
      let r = (f * f + g * g).squareRoot()
      beside[i + 1] = r
      guard r > 0 else {
        diagonal[i + 1] -= taken
        beside[last] = 0
        return
      }
      (sine, cosine) = (f / r, g / r)
      g = diagonal[i + 1] - taken
      let turned = (diagonal[i] - g) * sine + 2 * cosine * b
      taken = sine * turned
      diagonal[i + 1] = g + taken
      g = cosine * turned - b
      turn(i, sine, cosine)
    }
    diagonal[first] -= taken
    beside[first] = g
    beside[last] = 0
  }

  /// Turns two neighbours of the basis.
  private mutating func turn(_ i: Int, _ sine: Double, _ cosine: Double) {
    let n = size
    rows.withUnsafeMutableBufferPointer { rows in
      for k in 0..<n {
        let (low, high) = (rows[i * n + k], rows[(i + 1) * n + k])
        rows[(i + 1) * n + k] = sine * low + cosine * high
        rows[i * n + k] = cosine * low - sine * high
      }
    }
  }
}
