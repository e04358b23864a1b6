import Kernels
import TestSupport
import Testing

@Suite("Eigenvectors of symmetric matrices") struct SymmetricEigenTests {
  private func symmetric(_ size: Int, rank: Int, seed: UInt64) -> [Double] {
    var generator = SplitMix64(seed: seed)
    var matrix = [Double](repeating: 0, count: size * size)
    for _ in 0..<rank {
      let vector = (0..<size).map { _ in Double(generator.normal()) }
      let sign = generator.normal() < 0 ? -1.0 : 1.0
      for i in 0..<size {
        for j in 0..<size { matrix[i * size + j] += sign * vector[i] * vector[j] }
      }
    }
    return matrix
  }

  @Test(
    "They are orthonormal, and the matrix stretches each by its value",
    arguments: [(1, 1), (2, 2), (3, 1), (5, 5), (17, 4), (40, 40), (64, 0)])
  func vectors(_ size: Int, _ rank: Int) throws {
    let matrix = symmetric(size, rank: rank, seed: UInt64(size))
    let found = try #require(SymmetricEigen(matrix, size: size))
    let scale = max(found.values.map { abs($0) }.max() ?? 0, 1e-12)
    #expect(found.values == found.values.sorted(by: >))
    for i in 0..<size {
      let v = Array(found.vectors[i * size..<(i + 1) * size])
      for row in 0..<size {
        let product = (0..<size).reduce(0) { $0 + matrix[row * size + $1] * v[$1] }
        #expect(abs(product - found.values[i] * v[row]) < 1e-11 * scale * Double(size))
      }
      for j in 0...i {
        let dot = zip(v, found.vectors[j * size..<(j + 1) * size]).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(dot - (i == j ? 1 : 0)) < 1e-12 * Double(size))
      }
    }
  }

  @Test("Equal values, other shapes and what is no number")
  func special() throws {
    let identity = (0..<36).map { $0 / 6 == $0 % 6 ? 3.0 : 0 }
    #expect(try #require(SymmetricEigen(identity, size: 6)).values == [3, 3, 3, 3, 3, 3])
    #expect(SymmetricEigen([1, 2, 3], size: 2) == nil)
    #expect(SymmetricEigen([.nan], size: 1) == nil)
    #expect(SymmetricEigen([], size: 0)?.values == [])
  }
}
