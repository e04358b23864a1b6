import IR
import Kernels
import Samples
import TestSupport
import Testing

/// Inputs that leave and come back, the rest adapting each time.
@Suite struct RemovalTableauTests {
  private static let n = 12

  /// A covariance of which every row is a mix of all.
  private static let covariance: [Double] = {
    var generator = SplitMix64(seed: 11)
    let mix = (0..<n * n).map { _ in Double(generator.normal()) }
    return (0..<n * n).map { place in
      let (i, j) = (place / n, place % n)
      return (0..<n).reduce(i == j ? 0.1 : 0) { $0 + mix[i * n + $1] * mix[j * n + $1] }
    }
  }()

  /// Products of the weights of five results.
  private static let weights: [Double] = {
    var generator = SplitMix64(seed: 12)
    let rows = (0..<5 * n).map { _ in Double(generator.normal()) }
    return (0..<n * n).map { place in
      (0..<5).reduce(0) { $0 + rows[$1 * n + place / n] * rows[$1 * n + place % n] }
    }
  }()

  private static func inverse(_ matrix: [Double]) throws -> [Double] {
    let factor = try #require(Cholesky(matrix, size: n))
    var sides = [Double](repeating: 0, count: n * n)
    for i in 0..<n { sides[i * n + i] = 1 }
    factor.solve(&sides)
    return sides
  }

  /// What is lost with some inputs gone, from a factorisation of its own.
  private static func loss(_ gone: Set<Int>) throws -> Double {
    let order = (0..<n).filter { !gone.contains($0) } + gone.sorted()
    let errors = try #require(
      RemovalErrors(
        covariance: covariance, moments: covariance, weights: weights, order: order))
    return errors.refitted[n - gone.count]
  }

  @Test("Every change is the difference of two least squares, also after many of them")
  func differences() throws {
    var tableau = try #require(
      RemovalTableau(
        precision: Self.inverse(Self.covariance), weights: Self.weights, size: Self.n))
    var generator = SplitMix64(seed: 13)
    var gone: Set<Int> = []
    for step in 0..<100 {
      let whole = try Self.loss(gone)
      for input in 0..<Self.n {
        let other = try Self.loss(gone.symmetricDifference([input]))
        let found = tableau.change([input])
        #expect(abs(found - abs(other - whole)) < 1e-7 * max(1, whole), "\(step): \(input)")
      }
      let input = Int.random(in: 0..<Self.n, using: &generator)
      tableau.toggle(input)
      gone.formSymmetricDifference([input])
      #expect(tableau.isGone[input] == gone.contains(input))
    }
  }

  @Test("Several inputs go together for what they cost together")
  func blocks() throws {
    var tableau = try #require(
      RemovalTableau(
        precision: Self.inverse(Self.covariance), weights: Self.weights, size: Self.n))
    for input in [0, 5, 7] { tableau.toggle(input) }
    let whole = try Self.loss([0, 5, 7])
    for block in [[1, 2, 3], [4, 11]] {
      let expected = try Self.loss(Set([0, 5, 7] + block)) - whole
      #expect(abs(tableau.change(block) - expected) < 1e-8 * whole)
    }
    #expect(abs(tableau.change([0, 7]) - (whole - (try Self.loss([5])))) < 1e-8 * whole)
    #expect(RemovalTableau(precision: [1, 2], weights: [1, 2], size: 2) == nil)
    #expect(RemovalTableau(precision: [0], weights: [1], size: 1) == nil)
  }

  @Test("A sum to which nothing adapts loses the square of what goes")
  func addends() throws {
    var sum = try #require(AddendLoss(products: Self.weights, size: Self.n))
    func loss(_ gone: Set<Int>) -> Double {
      gone.reduce(0) { total, i in
        gone.reduce(total) { $0 + Self.weights[i * Self.n + $1] }
      }
    }
    for addend in [3, 4, 9] { sum.toggle(addend) }
    sum.toggle(4)
    #expect(abs(sum.change([0, 1]) - (loss([3, 9, 0, 1]) - loss([3, 9]))) < 1e-9)
    #expect(abs(sum.change([3]) - (loss([3, 9]) - loss([9]))) < 1e-9)
    #expect(abs(sum.change([3, 9]) - loss([3, 9])) < 1e-9)
    #expect(AddendLoss(products: [1], size: 2) == nil)
  }
}
