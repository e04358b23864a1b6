/// Rounds the weights of a row together: one after another, each making up for what those before it
/// lost (E. Frantar and others, "GPTQ", 2022), and then by coordinate descent.
///
/// With H = Σ x·xᵀ = R·Rᵀ, R upper triangular, the error of the products is |(w - q)·R|². Column k of
/// it is R_kk·(w_k - q_k + Σ_{j<k} (w_j - q_j)·R_jk/R_kk), so that the best q_k, with those before it
/// given, is the integer nearest to w_k plus that sum. Weights that meet large inputs come first.
package struct SequentialRounding: Sendable {
  /// The longest row for which it is worth its time.
  package static let longest = 2400

  private let size: Int
  /// The place of the k-th weight.
  private let order: [Int]
  /// R_jk/R_kk for j < k, row k of a triangle.
  private let factors: [Float]
  /// H over the number of rows, damped, row-major.
  private let products: [Float]
  /// The mean square of what meets each weight.
  private let energy: [Double]

  /// - Parameter damping: what is added to H's diagonal, over its mean.
  /// - Returns: nil where there are no rows or the sums are not finite.
  package init?(_ gram: GramSums, damping: Double = 0.01) {
    let size = gram.length
    guard size > 0, gram.count > 0, gram.products.count == size * size else { return nil }
    let diagonal = (0..<size).map { gram.products[$0 * size + $0] / gram.count }
    let mean = diagonal.reduce(0, +) / Double(size)
    guard mean.isFinite, mean > 0 else { return nil }
    let order = (0..<size).sorted { (diagonal[$1], $0) < (diagonal[$0], $1) }
    // Backwards: the lower factor of the reversed matrix is the upper factor reversed.
    var reversed = [Double](repeating: 0, count: size * size)
    for i in 0..<size {
      let row = order[size - 1 - i]
      for j in 0..<size {
        reversed[i * size + j] = gram.products[row * size + order[size - 1 - j]] / gram.count
      }
      reversed[i * size + i] += damping * mean
    }
    guard let lower = Cholesky(reversed, size: size) else { return nil }
    var factors = [Float](repeating: 0, count: size * (size - 1) / 2)
    for k in 1..<max(size, 1) where size > 1 {
      let column = size - 1 - k, pivot = lower[column, column]
      for j in 0..<k {
        factors[k * (k - 1) / 2 + j] = Float(lower[size - 1 - j, column] / pivot)
      }
    }
    self.size = size
    self.order = order
    self.factors = factors
    products = (0..<size * size).map {
      Float(gram.products[$0] / gram.count + ($0 / size == $0 % size ? damping * mean : 0))
    }
    energy = diagonal
  }

  /// What a weight may become.
  package struct Limits: Sendable {
    /// The integers that each weight may become.
    private let ranges: [ClosedRange<Int>]
    /// The largest magnitude of the sum of two partners of one sign; nil where there are none.
    private let pairPeak: Int?
    /// The partners of each weight.
    private let partners: [[Int]]

    /// - Parameters:
    ///   - ranges: the integers that each weight of a row may become.
    ///   - pairPeak: the largest magnitude of the sum of two partners of one sign; where there is one,
    ///     0 is in all ranges.
    package init(ranges: [ClosedRange<Int>], pairPeak: Int? = nil, partners: [[Int]] = []) {
      self.ranges = ranges
      self.pairPeak = pairPeak
      self.partners = partners
    }

    /// What a weight may become beside its partners, 0 where these are not chosen yet.
    func range(_ place: Int, _ codes: [Int16]) -> ClosedRange<Int> {
      let range = ranges[place]
      guard let pairPeak else { return range }
      var lowest = range.lowerBound, highest = range.upperBound
      for partner in partners[place] {
        let other = Int(codes[partner])
        lowest = max(lowest, min(0, -pairPeak - min(other, 0)))
        highest = min(highest, max(0, pairPeak - max(other, 0)))
      }
      return lowest...highest
    }
  }

  /// The integers of a row of weights.
  ///
  /// - Parameter scales: what a step of each weight is worth; not 0.
  package func round(_ weights: [Float], scales: [Float], _ limits: Limits) -> [Int16] {
    var together = sequential(weights, scales, limits)
    var alone = nearest(weights, scales, limits)
    let losses = (
      descend(&together, weights, scales, limits), descend(&alone, weights, scales, limits)
    )
    return losses.0 <= losses.1 ? together : alone
  }

  private func code(
    _ number: Float, _ place: Int, _ codes: [Int16], _ limits: Limits
  ) -> Int16 {
    let wanted = number.rounded(.toNearestOrEven)
    let range = limits.range(place, codes)
    return wanted.isNaN
      ? 0 : Int16(min(max(wanted, Float(range.lowerBound)), Float(range.upperBound)))
  }

  private func nearest(_ weights: [Float], _ scales: [Float], _ limits: Limits) -> [Int16] {
    var result = [Int16](repeating: 0, count: size)
    for place in 0..<size {
      result[place] = code(weights[place] / scales[place], place, result, limits)
    }
    return result
  }

  private func sequential(
    _ weights: [Float], _ scales: [Float], _ limits: Limits
  ) -> [Int16] {
    var errors = [Float](repeating: 0, count: size)
    var result = [Int16](repeating: 0, count: size)
    for k in 0..<size {
      let place = order[k], scale = scales[order[k]], start = k * (k - 1) / 2
      let sum = dot(errors, 0, factors, start, k)
      result[place] = code((weights[place] + sum) / scale, place, result, limits)
      errors[k] = weights[place] - Float(result[place]) * scale
    }
    return result
  }

  /// How often all weights are looked at again.
  private static let sweeps = 4

  /// Moves single weights by one step while that lessens the error, and gives the error.
  private func descend(
    _ codes: inout [Int16], _ weights: [Float], _ scales: [Float], _ limits: Limits
  ) -> Float {
    let errors = (0..<size).map { weights[$0] - Float(codes[$0]) * scales[$0] }
    // The slope H·e.
    var slope = (0..<size).map { dot(errors, 0, products, $0 * size, size) }
    var loss = dot(errors, 0, slope, 0, size)
    for _ in 0..<Self.sweeps {
      var isDone = true
      for place in order {
        // A step up takes a scale off the error.
        let scale = scales[place]
        let up = slope[place] * scale > 0
        let gain =
          2 * scale.magnitude * slope[place].magnitude - scale * scale
          * products[place * size + place]
        guard gain > 1e-6 * loss,
          limits.range(place, codes).contains(Int(codes[place]) + (up ? 1 : -1))
        else { continue }
        codes[place] += up ? 1 : -1
        let change = up ? -scale : scale
        slope.withUnsafeMutableBufferPointer { slope in
          products.withUnsafeBufferPointer { products in
            for index in 0..<size { slope[index] += change * products[place * size + index] }
          }
        }
        loss -= gain
        isDone = false
      }
      if isDone { break }
    }
    return loss
  }

  private func dot(
    _ a: [Float], _ firstA: Int, _ b: [Float], _ firstB: Int, _ count: Int
  ) -> Float {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var parts = SIMD8<Float>.zero
        var index = 0
        while index + 8 <= count {
          for lane in 0..<8 {
            parts[lane] += a[firstA + index + lane] * b[firstB + index + lane]
          }
          index += 8
        }
        var sum = parts.sum()
        while index < count {
          sum += a[firstA + index] * b[firstB + index]
          index += 1
        }
        return sum
      }
    }
  }

  /// The scale, of those from a part of the largest one on, with which rounding to the nearest integer
  /// loses least of the products' energy.
  package func bestScale(_ weights: [Float], largest: Float, peak: Int, from least: Float) -> Float
  {
    var best = largest, lowest = Double.infinity
    for step in 0...24 {
      let scale = largest * (1 - (1 - least) * Float(step) / 24)
      var loss = 0.0
      for (index, weight) in weights.enumerated() {
        let code = min(max((weight / scale).rounded(.toNearestOrEven), -Float(peak)), Float(peak))
        let error = Double(weight - code * scale)
        loss += error * error * energy[index]
      }
      if loss < lowest { (best, lowest) = (scale, loss) }
    }
    return best
  }
}
