import Execution
import IR
import Samples
import Testing

@Suite("Comparison of tensors")
struct ComparisonTests {
  @Test("differences are relative to the reference's largest magnitude")
  func differences() throws {
    let a = Tensor(floats: [1, -4, 2, 0], [2, 2]), b = Tensor(floats: [1, -4, 2.5, 0], [2, 2])
    let comparison = try Comparison(reference: a, candidate: b)
    #expect(comparison.maxAbsolute == 0.5)
    #expect(comparison.maxRelative == 0.125)
    #expect(comparison.meanAbsolute == 0.125)
    #expect(abs(comparison.sqnr - 19.243) < 1e-3)
    #expect(comparison.argmaxAgreement == 1)
    #expect(!comparison.isExact)
    #expect(
      try Comparison.mismatches(reference: a, candidate: b, relative: 0.1, absolute: 0) == 1)
  }

  @Test("NaN equals NaN and infinities themselves; nothing else does")
  func specials() throws {
    let a = Tensor(floats: [.nan, .infinity, 1], [3])
    #expect(try Comparison(reference: a, candidate: a).isExact)
    let b = Tensor(floats: [.nan, -.infinity, .nan], [3])
    let comparison = try Comparison(reference: a, candidate: b)
    #expect(comparison.maxAbsolute == .infinity)
    #expect(try Comparison.mismatches(reference: a, candidate: b, relative: 1, absolute: 1) == 2)
  }

  @Test("other shapes and types are refused")
  func refusal() {
    #expect(throws: ModelError.self) {
      try Comparison(
        reference: Tensor(floats: [1], [1]), candidate: Tensor(floats: [1], [1, 1]))
    }
  }

  @Test("the rows whose largest element moves are counted")
  func agreement() throws {
    let a = Tensor(floats: [1, 2, 3, 1], [2, 2]), b = Tensor(floats: [2, 1, 3, 1], [2, 2])
    #expect(try Comparison(reference: a, candidate: b).argmaxAgreement == 0.5)
  }
}
