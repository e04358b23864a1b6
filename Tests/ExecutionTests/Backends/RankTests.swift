import Execution
import IR
import TestSupport
import Testing

/// Steps that stand for several operators, where a constant has more axes than what it meets: the
/// result has that many.
@Suite("Ranks of joined steps")
struct RankTests {
  private func expectAgreement(_ model: Model, _ x: Tensor, shape: [Int]) throws {
    let reference = try Session(model, options: Session.Options.reference).run(["x": x])
    for (name, found) in try Session(model).run(["x": x]) {
      let expected = try #require(reference[name])
      #expect(found.dimensions == shape)
      #expect(agree(expected, found), "\(name)")
    }
  }

  private func ones(_ shape: [Int], _ value: Float = 1) -> Tensor {
    Tensor(floats: [Float](repeating: value, count: shape.reduce(1, *)), shape)
  }

  @Test(
    "a normalisation of channels after a product scales axis 1", arguments: ["MatMul", "stack"])
  func normalizedProduct(kind: String) throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 3)
    let weight = kind == "MatMul" ? ones([2, 2], 0.5) : ones([3, 2, 2], 0.5)
    let product = sketch.add("MatMul", x, sketch.constant(weight))
    let normalized = sketch.add(
      "BatchNormalization", product, sketch.constant(Tensor(floats: [1, 10], [2])),
      sketch.constant(Tensor(floats: [0, 3], [2])), sketch.constant(ones([2], 0)),
      sketch.constant(ones([2])))
    try expectAgreement(
      sketch.model(normalized, sketch.add("Relu", normalized)), ones([3, 2, 2]), shape: [3, 2, 2])
  }

  @Test("a row with an axis more than the product of a vector")
  func longRow() throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 1)
    let product = sketch.add("MatMul", x, try sketch.weight([4, 3]))
    let sum = sketch.add("Add", product, try sketch.weight([1, 3]))
    try expectAgreement(sketch.model(sketch.add("Relu", sum)), ones([4]), shape: [1, 3])
  }
}
