import Execution
import IR
import TestSupport
import Testing

@Suite("Operations of two operands whose axes lie in another order")
struct BinaryInOrderTests {
  private let turned = Attribute("perm", .ints([0, 2, 3, 1]))

  /// A transposed input, an operation with another operand, and a product that reads it.
  private func model(
    _ type: String, _ other: (inout Network, ValueID) throws -> ValueID, isFirst: Bool = true
  ) throws -> Model {
    var sketch = Network()
    let x = sketch.add("Transpose", sketch.input("x", rank: 4), attributes: [turned])
    let y = try other(&sketch, x)
    let result = isFirst ? sketch.add(type, x, y) : sketch.add(type, y, x)
    return sketch.model(result, sketch.add("MatMul", result, try sketch.weight([1, 1, 7, 9])))
  }

  @Test("A number", arguments: ["Mul", "Sub", "Div", "Add"], [true, false])
  func number(type: String, isFirst: Bool) throws {
    let model = try model(type, { sketch, _ in sketch.number(0.3) }, isFirst: isFirst)
    #expect(try difference(model, ["x": try floats([2, 7, 5, 6])]) < 1e-6)
  }

  @Test("One element for each index of an axis", arguments: [[5, 1, 1], [1, 1, 6, 1], [7]])
  func row(shape: [Int]) throws {
    let model = try model("Mul", { sketch, _ in try sketch.weight(shape) }, isFirst: false)
    #expect(try difference(model, ["x": try floats([2, 7, 5, 6])]) < 1e-6)
  }

  @Test("An operand in an order of its own", arguments: [[5, 6, 7], [1, 5, 1, 7], [2, 5, 6, 7]])
  func matrix(shape: [Int]) throws {
    let model = try model("Sub") { sketch, _ in try sketch.weight(shape) }
    #expect(try difference(model, ["x": try floats([2, 7, 5, 6])]) < 1e-6)
  }

  @Test("An operand that stretches the other one")
  func stretched() throws {
    let model = try model("Add") { sketch, _ in try sketch.weight([4, 1, 1, 6, 1]) }
    #expect(try difference(model, ["x": try floats([1, 7, 5, 6])]) < 1e-6)
  }

  @Test("The transposed values stay what they are where others read them too")
  func shared() throws {
    var sketch = Network()
    let x = sketch.add("Transpose", sketch.input("x", rank: 4), attributes: [turned])
    let scaled = sketch.add("Mul", x, sketch.number(3))
    let model = sketch.model(sketch.add("Sub", scaled, x), sketch.add("Mul", scaled, scaled))
    #expect(try difference(model, ["x": try floats([2, 7, 5, 6])]) < 1e-6)
  }
}
