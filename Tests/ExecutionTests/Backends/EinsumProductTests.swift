import Execution
import IR
import TestSupport
import Testing

@Suite("Einsum as products of matrices")
struct EinsumProductTests {
  /// An equation, the shapes of its operands.
  struct Case: Sendable, CustomTestStringConvertible {
    let equation: String
    let shapes: [[Int]]
    var testDescription: String { equation }
  }

  private static let cases = [
    Case(equation: "ij,jk->ik", shapes: [[5, 6], [6, 7]]),
    Case(equation: "ij,kj->ki", shapes: [[5, 6], [7, 6]]),
    Case(equation: "bhid,bhjd->bhij", shapes: [[2, 3, 5, 4], [2, 3, 7, 4]]),
    Case(equation: "bihd,bjhd->bhij", shapes: [[2, 5, 3, 4], [2, 7, 3, 4]]),
    Case(equation: "bhij,bjhd->bihd", shapes: [[2, 3, 5, 7], [2, 7, 3, 4]]),
    Case(equation: "...ij,...jk->...ik", shapes: [[2, 1, 5, 6], [2, 1, 6, 7]]),
    Case(equation: "bij,bjk->kbi", shapes: [[2, 5, 6], [2, 6, 7]]),
    Case(equation: "bij,bjk->bik", shapes: [[1, 5, 6], [2, 6, 7]]),
    Case(equation: "ii,ij->ij", shapes: [[5, 5], [5, 6]]),
    Case(equation: "ij,jk->k", shapes: [[5, 6], [6, 7]]),
    Case(equation: "i,j->ij", shapes: [[5], [6]]),
    Case(equation: "abij,bjk->abik", shapes: [[2, 3, 5, 6], [3, 6, 7]]),
  ]

  @Test("Both backends agree, and what follows reads the result", arguments: cases)
  func agree(test: Case) throws {
    var sketch = Network()
    let a = sketch.input("a", rank: test.shapes[0].count)
    let b = sketch.input("b", rank: test.shapes[1].count)
    let product = sketch.add(
      "Einsum", a, b, attributes: [Attribute("equation", .string(Array(test.equation.utf8)))])
    let model = sketch.model(product, sketch.add("Add", product, sketch.number(1)))
    let inputs = ["a": try floats(test.shapes[0]), "b": try floats(test.shapes[1], seed: 2)]
    #expect(try difference(model, inputs) < 1e-6)
  }
}
