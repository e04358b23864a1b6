import Execution
import IR
import TestSupport
import Testing

@Suite("16-bit floats on primitives for floats")
struct WidenedStepTests {
  /// A value as 16-bit floats.
  private func narrowed(_ sketch: inout Network, _ x: ValueID, _ type: Int) -> ValueID {
    sketch.add("Cast", x, attributes: [Attribute("to", .int(type))])
  }

  /// Convolutions, a normalisation of rows and a product, all in 16-bit floats between two casts.
  private func model(_ type: Int) throws -> Model {
    var sketch = Network()
    let x = narrowed(&sketch, sketch.input("x", rank: 4), type)
    func weight(_ shape: [Int]) throws -> ValueID {
      narrowed(&sketch, try sketch.weight(shape), type)
    }
    let first = sketch.add("Relu", sketch.add("Conv", x, try weight([16, 4, 3, 3])))
    let second = sketch.add("Conv", first, try weight([16, 16, 1, 1]), try weight([16]))
    let sum = sketch.add("Add", second, first)
    let rows = sketch.add("LayerNormalization", sum, try weight([7]), try weight([7]))
    let product = sketch.add("MatMul", rows, try weight([7, 12]))
    let result = sketch.add("Softmax", sketch.add("Add", product, try weight([12])))
    let last = sketch.add("Cast", result, attributes: [Attribute("to", .int(1))])
    // From opset 22 on Conv takes bfloat16.
    return sketch.model(last, opset: 22)
  }

  // float16 has 11 bits, bfloat16 has 8; each operator rounds.
  @Test("They agree with the reference", arguments: zip([10, 16], [2e-3, 1.6e-2]))
  func agree(type: Int, tolerance: Double) throws {
    #expect(try difference(model(type), ["x": floats([2, 4, 8, 9])]) < tolerance)
  }

  @Test("What follows a convolution or a product stays part of it")
  func joined() throws {
    let names = try steps(model(10), ["x": floats([2, 4, 8, 9])])
    for expected in ["Conv+Relu", "Conv+Add", "MatMul+Add"] {
      #expect(names.contains(expected), "\(names)")
    }
  }
}
