internal import IR
internal import Kernels
internal import Operators

/// In which directions what a layer makes varies, and how much in each.
struct LayerSpectrum: Sendable {
  private let outputs: Int
  private let mean: [Double]
  private let eigen: SymmetricEigen
  /// The sum of all variances.
  private let whole: Double

  /// Nil where what was seen is not finite, or nothing varies.
  init?(_ site: FactorSite, _ sums: GramSums) {
    let n = site.outputs
    guard sums.length == n, sums.count > 0 else { return nil }
    outputs = n
    // Without a bias the mean is one of the things that channels have to say.
    mean = site.isCentred ? sums.sums.map { $0 / sums.count } : [Double](repeating: 0, count: n)
    var covariance = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<n {
        covariance[i * n + j] = sums.products[i * n + j] / sums.count - mean[i] * mean[j]
      }
    }
    guard let eigen = SymmetricEigen(covariance, size: n) else { return nil }
    self.eigen = eigen
    whole = eigen.values.reduce(0) { $0 + max($1, 0) }
    guard whole > 0, whole.isFinite else { return nil }
  }

  /// The part of the variance that a rank loses.
  func lost(_ rank: Int) -> Double {
    eigen.values.dropFirst(rank).reduce(0) { $0 + max($1, 0) } / whole
  }

  /// Uᵀ·W in the order of a weight with `rank` outputs.
  func first(
    _ weights: [Float], _ layout: WeightLayout, _ rank: Int, _ made: WeightLayout
  ) -> [Float] {
    let length = layout.length
    var rows = [Double](repeating: 0, count: outputs * length)
    for output in 0..<outputs {
      for column in 0..<length {
        rows[output * length + column] = Double(
          weights[layout.place(output: output, column: column)])
      }
    }
    var result = [Float](repeating: 0, count: rank * length)
    for index in 0..<rank {
      var sums = [Double](repeating: 0, count: length)
      for output in 0..<outputs {
        let factor = eigen.vectors[index * outputs + output]
        for column in 0..<length { sums[column] += factor * rows[output * length + column] }
      }
      for column in 0..<length {
        result[made.place(output: index, column: column)] = Float(sums[column])
      }
    }
    return result
  }

  /// U, [outputs, rank], or turned.
  func second(_ rank: Int, turned: Bool) -> [Float] {
    (0..<outputs * rank).map { place in
      let (output, index) =
        turned ? (place % outputs, place / outputs) : (place / rank, place % rank)
      return Float(eigen.vectors[index * outputs + output])
    }
  }

  /// ȳ - U·Uᵀ·(ȳ - b).
  func bias(_ given: [Float]?, _ rank: Int) -> [Float] {
    let bias = given.map { $0.map { Double($0) } } ?? [Double](repeating: 0, count: outputs)
    var result = mean
    for index in 0..<rank {
      let vector = eigen.vectors[index * outputs..<(index + 1) * outputs]
      let share = zip(vector, zip(mean, bias)).reduce(0) { $0 + $1.0 * ($1.1.0 - $1.1.1) }
      for (output, factor) in vector.enumerated() { result[output] -= factor * share }
    }
    return result.map { Float($0) }
  }
}
