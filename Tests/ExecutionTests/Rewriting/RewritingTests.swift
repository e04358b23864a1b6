import Execution
import IR
import TestSupport
import Testing

@Suite("Rewriting of plans")
struct RewritingTests {
  private let same = Attribute("pads", .ints([1, 1, 1, 1]))

  @Test("what follows a convolution becomes part of it", arguments: [1, 3])
  func chain(batch: Int) throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 4)
    let first = sketch.add(
      "Conv", x, try sketch.weight([16, 8, 3, 3]), attributes: [same])
    let deviations = Tensor(floats: (1...16).map { Float($0) / 8 }, [16])
    let normalized = sketch.add(
      "BatchNormalization", first, try sketch.weight([16]), try sketch.weight([16]),
      try sketch.weight([16]), sketch.constant(deviations))
    let left = sketch.add("HardSwish", normalized)
    let second = sketch.add(
      "Conv", left, try sketch.weight([16, 16, 1, 1]), try sketch.weight([16]))
    let sum = sketch.add("Add", left, second)
    // Limits within the range of the sums, and not small beside them: differences are measured
    // against the largest output.
    let clipped = sketch.add("Clip", sum, sketch.number(-20), sketch.number(30))
    let scaled = sketch.add("Mul", clipped, try sketch.weight([1, 16, 1, 1]))
    let model = sketch.model(sketch.add("Sub", scaled, sketch.number(0.25)))
    let inputs = ["x": try floats([batch, 8, 11, 9])]
    #expect(try difference(model, inputs) < 1e-5)
    #expect(
      try steps(model, inputs) == ["Conv+Add+Clip+Mul+Sub", "Conv+BatchNormalization+HardSwish"])
  }

  @Test(
    "Offsets that cancel round on purpose, and are not joined", arguments: ["Conv", "Relu", "Clip"])
  func cancelling(operation: String) throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 4)
    var value = sketch.add("Conv", x, try sketch.weight([16, 8, 1, 1]))
    if operation == "Relu" { value = sketch.add("Relu", value) }
    if operation == "Clip" {
      value = sketch.add("Clip", value, sketch.number(-2), sketch.number(2))
    }
    // Floats of this magnitude are whole numbers.
    let large = sketch.number(1.5 * 8_388_608)
    let model = sketch.model(sketch.add("Sub", sketch.add("Add", value, large), large))
    let inputs = ["x": try floats([2, 8, 5, 5])]
    let found = try #require(try Session(model).run(inputs).values.first?.floats)
    #expect(found.allSatisfy { $0 == $0.rounded() })
    #expect(Set(found).count > 2)
  }

  @Test("an operand that a later node reads is not overwritten by a sum")
  func residual() throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 4)
    let start = sketch.add("Conv", x, try sketch.weight([16, 16, 1, 1]))
    let sum = sketch.add(
      "Add", sketch.add("Conv", start, try sketch.weight([16, 16, 1, 1])), start)
    let model = sketch.model(sketch.add("Mul", sum, start), sketch.add("Relu", start))
    let inputs = ["x": try floats([1, 16, 5, 5])]
    #expect(try difference(model, inputs) < 1e-5)
    let session = try Session(model)
    #expect(try session.run(inputs) == session.run(inputs))
  }

  @Test("a value lives until its last reader in the new order")
  func moved() throws {
    var sketch = Network()
    let x = sketch.add("Abs", sketch.input("x", rank: 4))
    let product = sketch.add("Conv", x, try sketch.weight([8, 8, 3, 3]), attributes: [same])
    let last = sketch.add("Sqrt", x)
    let model = sketch.model(sketch.add("Add", product, last))
    let inputs = ["x": try floats([1, 8, 6, 5])]
    #expect(try difference(model, inputs) < 1e-5)
    #expect(try steps(model, inputs) == ["Abs", "Conv+Add", "Sqrt"])
  }

  @Test("values with other readers, graph outputs and larger operands stay apart")
  func guarded() throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 4)
    let twice = sketch.add("Conv", x, try sketch.weight([8, 4, 1, 1]))
    let output = sketch.add("Conv", x, try sketch.weight([8, 4, 1, 1]))
    let small = sketch.add("GlobalAveragePool", x)
    let gate = sketch.add("Conv", small, try sketch.weight([8, 4, 1, 1]))
    let model = sketch.model(
      sketch.add("Relu", twice), sketch.add("Sigmoid", twice), output, sketch.add("Relu", output),
      sketch.add("Mul", gate, twice))
    let inputs = ["x": try floats([2, 4, 6, 5])]
    #expect(try difference(model, inputs) < 1e-5)
    #expect(try steps(model, inputs).allSatisfy { !$0.contains("+") })
  }

  @Test("inner values can still be read")
  func inner() throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 4)
    let y = sketch.add("Conv", x, try sketch.weight([8, 4, 1, 1]))
    let model = sketch.model(sketch.add("Relu", y))
    let inputs = ["x": try floats([1, 4, 6, 5])]
    let session = try Session(model)
    let whole = try #require(try session.run(inputs)["Relu_out"]?.floats)
    let inner = try #require(try session.run(inputs, outputs: ["Conv_out"])["Conv_out"]?.floats)
    #expect(inner.contains { $0 < 0 })
    #expect(zip(whole, inner).allSatisfy { abs($0 - max(0, $1)) < 1e-5 })
    #expect(try session.run(inputs)["Relu_out"]?.floats == whole)
  }

  @Test("a bias, an activation and a residual follow a product", arguments: ["MatMul", "Gemm"])
  func product(type: String) throws {
    var sketch = Network()
    let x = sketch.input("x", rank: type == "Gemm" ? 2 : 3)
    let product = sketch.add(type, x, try sketch.weight([12, 12]))
    let biased = sketch.add("Add", try sketch.weight([12]), product)
    let half = sketch.add("Mul", biased, sketch.number(0.5))
    let model = sketch.model(sketch.add("Add", sketch.add("Relu", half), x))
    let inputs = ["x": try floats(type == "Gemm" ? [7, 12] : [2, 7, 12])]
    #expect(try difference(model, inputs) < 1e-5)
    #expect(try steps(model, inputs) == ["\(type)+Add+Mul+Relu+Add"])
  }

  @Test("Transpose moves nothing before a product, and everything where elements are read")
  func transpose() throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 4)
    let heads = sketch.add("Transpose", x, attributes: [Attribute("perm", .ints([0, 2, 1, 3]))])
    let keys = sketch.add("Transpose", x, attributes: [Attribute("perm", .ints([0, 2, 3, 1]))])
    let scores = sketch.add("Softmax", sketch.add("MatMul", heads, keys))
    let mixed = sketch.add("MatMul", scores, heads)
    let back = sketch.add("Transpose", mixed, attributes: [Attribute("perm", .ints([0, 2, 1, 3]))])
    let shape = sketch.constant(Tensor(int64: [0, 0, -1], [3]))
    let model = sketch.model(
      sketch.add("Reshape", back, shape), sketch.add("Add", heads, heads),
      sketch.add("Exp", keys), keys)
    #expect(try difference(model, ["x": try floats([2, 5, 3, 8])]) < 1e-5)
  }

  @Test("constants are computed once")
  func constants() throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 2)
    let weight = sketch.add("Transpose", try sketch.weight([6, 4]))
    let model = sketch.model(sketch.add("MatMul", x, sketch.add("Neg", weight)))
    let inputs = ["x": try floats([3, 4])]
    #expect(try difference(model, inputs) < 1e-5)
    #expect(try steps(model, inputs) == ["MatMul"])
  }
}
