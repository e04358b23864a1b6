import Kernels
import Passes
import Testing

/// The arithmetic of recovery; what it does to a network is in `CompressionTests`.
@Suite struct RecoveryTests {
  /// Rows of numbers between -1 and 1, the same in every run.
  private func noise(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max)
    }
  }

  @Test("A linear relation is found, with its offset")
  func linearRelation() throws {
    let weights: [Float] = [0.5, -2, 3, 1, 0, -1], offsets: [Float] = [4, -7]
    let x = noise(3 * 1500, seed: 1).map { $0 + 2 }
    var y: [Float] = []
    for row in 0..<1500 {
      for o in 0..<2 {
        y.append((0..<3).reduce(offsets[o]) { $0 + weights[o * 3 + $1] * x[row * 3 + $1] })
      }
    }
    var equations = NormalEquations(inputs: 3, outputs: 2)
    equations.add(x[..<3000], y[..<2000])
    equations.add(x[3000...], y[2000...])
    let found = try #require(
      equations.solve(from: [Double](repeating: 0, count: 6), ridge: 1e-9))
    for (a, b) in zip(found.weights, weights) { #expect(abs(a - Double(b)) < 1e-4) }
    for (a, b) in zip(found.biases, offsets) { #expect(abs(a - Double(b)) < 1e-3) }
  }

  @Test("The ridge holds weights where they are")
  func ridge() throws {
    var equations = NormalEquations(inputs: 2, outputs: 1)
    let x = noise(400, seed: 2)
    equations.add(x[...], noise(200, seed: 3)[...])
    let found = try #require(equations.solve(from: [5, -6], ridge: 1e9))
    #expect(abs(found.weights[0] - 5) < 1e-6 && abs(found.weights[1] + 6) < 1e-6)
  }

  @Test("Inputs that never vary leave the weights and fit the bias")
  func constantInputs() throws {
    var equations = NormalEquations(inputs: 2, outputs: 1)
    equations.add([1, 0, 1, 0, 1, 0], [3, 4, 5])
    let found = try #require(equations.solve(from: [2, 9], ridge: 1e-2))
    #expect(found.weights == [2, 9])
    #expect(found.biases == [2])
  }

  @Test("Without rows, or with numbers that are none, there is no solution")
  func nothingToLearn() {
    var equations = NormalEquations(inputs: 1, outputs: 1)
    #expect(equations.solve(from: [1], ridge: 1e-2) == nil)
    equations.add([1, .nan], [1, 2])
    #expect(equations.solve(from: [1], ridge: 1e-2) == nil)
    var infinite = NormalEquations(inputs: 1, outputs: 1)
    infinite.add([1, .infinity], [1, 2])
    #expect(infinite.solve(from: [1], ridge: 1e-2) == nil)
  }
}
