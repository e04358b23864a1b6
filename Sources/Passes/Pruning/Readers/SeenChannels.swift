internal import Kernels

/// What was seen of a value's channels.
final class SeenChannels {
  let count: Int
  /// With a ridge, so that it has an inverse whatever was seen.
  let covariance: [Double]
  private let means: [Double]
  /// What was added to the diagonal.
  private let added: Double
  /// The inverse of the covariance, once it was needed.
  private(set) lazy var inverse = Self.inverted(covariance, count)

  /// What is added to the diagonal of a covariance, of its mean: as much as recovery adds.
  private static let ridge = 1e-2

  init?(_ sums: GramSums) {
    let n = sums.length
    guard sums.count > 0, n > 0 else { return nil }
    count = n
    let mean = sums.sums.map { $0 / sums.count }
    means = mean
    var covariance = sums.products.map { $0 / sums.count }
    for i in 0..<n { for j in 0..<n { covariance[i * n + j] -= mean[i] * mean[j] } }
    let trace = (0..<n).reduce(0) { $0 + covariance[$1 * n + $1] }
    guard trace > 0, trace.isFinite else { return nil }
    added = Self.ridge * trace / Double(n)
    for i in 0..<n { covariance[i * n + i] += added }
    self.covariance = covariance
  }

  /// The means of products, about zero.
  var moments: [Double] {
    var result = covariance
    for i in 0..<count {
      for j in 0..<count { result[i * count + j] += means[i] * means[j] }
      result[i * count + i] -= added
    }
    return result
  }

  /// The covariance of some channels given all others: the inverse of their part of the inverse.
  func conditional(_ own: [Int]) -> [Double]? {
    guard own.count < count else { return covariance }
    guard let inverse else { return nil }
    return Self.inverted(own.flatMap { i in own.map { inverse[i * count + $0] } }, own.count)
  }

  private static func inverted(_ matrix: [Double], _ n: Int) -> [Double]? {
    guard let factor = Cholesky(matrix, size: n) else { return nil }
    var sides = [Double](repeating: 0, count: n * n)
    for i in 0..<n { sides[i * n + i] = 1 }
    factor.solve(&sides)
    return sides
  }
}
