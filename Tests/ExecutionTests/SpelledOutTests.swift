import Execution
import IR
import Testing

/// Builds a function of x out of several nodes.
private struct Formula: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let build: @Sendable (inout GraphSketch, ValueID) throws -> ValueID
}

private let formulas = [
  Formula(testDescription: "x sigmoid(x)") { $0.add("Mul", $1, $0.add("Sigmoid", $1)) },
  Formula(testDescription: "sigmoid(x) x") { $0.add("Mul", $0.add("Sigmoid", $1), $1) },
  Formula(testDescription: "x hardsigmoid(x)") {
    let gate = $0.add("HardSigmoid", $1, attributes: [Attribute("alpha", .float(1 / 6))])
    return $0.add("Mul", $1, gate)
  },
  Formula(testDescription: "x clip(x + 3, 0, 6) / 6") {
    let line = $0.add("Clip", $0.add("Add", $1, $0.number(3)), $0.number(0), $0.number(6))
    return $0.add("Div", $0.add("Mul", $1, line), $0.number(6))
  },
  Formula(testDescription: "x tanh(softplus(x))") {
    $0.add("Mul", $1, $0.add("Tanh", $0.add("Softplus", $1)))
  },
  Formula(testDescription: "gelu: x (1 + erf(x / sqrt 2)) / 2") {
    let erf = $0.add("Erf", $0.add("Div", $1, $0.number(Float(2).squareRoot())))
    return $0.add("Mul", $0.add("Mul", $1, $0.add("Add", erf, $0.number(1))), $0.number(0.5))
  },
  Formula(testDescription: "gelu: (x / 2) (erf(x / sqrt 2) + 1)") {
    let erf = $0.add("Erf", $0.add("Mul", $1, $0.number(Float(0.5).squareRoot())))
    return $0.add(
      "Mul", $0.add("Mul", $0.number(0.5), $1), $0.add("Add", $0.number(1), erf))
  },
  Formula(testDescription: "gelu by tanh") {
    let cube = $0.add("Mul", $0.add("Pow", $1, $0.number(3)), $0.number(0.044715))
    let inner = $0.add("Mul", $0.add("Add", $1, cube), $0.number(0.7978845608))
    let outer = $0.add("Add", $0.add("Tanh", inner), $0.number(1))
    return $0.add("Mul", $0.add("Mul", $1, $0.number(0.5)), outer)
  },
  Formula(testDescription: "layer normalization") {
    let axes = [Attribute("axes", .ints([-1]))]
    let centre = $0.add("Sub", $1, $0.add("ReduceMean", $1, attributes: axes))
    let square = $0.add("ReduceMean", $0.add("Pow", centre, $0.number(2)), attributes: axes)
    let deviation = $0.add("Sqrt", $0.add("Add", square, $0.number(1e-5)))
    let scaled = $0.add("Mul", $0.add("Div", centre, deviation), try $0.weight([10]))
    return $0.add("Add", scaled, try $0.weight([10]))
  },
]

@Suite("Functions that are spelled out")
struct SpelledOutTests {
  @Test("run as one step and give what their nodes give", arguments: formulas)
  private func joined(_ formula: Formula) throws {
    var sketch = GraphSketch()
    let x = sketch.input("x", rank: 3)
    let model = sketch.model(try formula.build(&sketch, x))
    let inputs = ["x": try floats([2, 7, 10])]
    #expect(try difference(model, inputs) < 1e-5)
    #expect(try steps(model, inputs).count == 1)
  }

  @Test("stay apart where an inner value is read elsewhere", arguments: formulas)
  private func shared(_ formula: Formula) throws {
    var sketch = GraphSketch()
    let x = sketch.input("x", rank: 3)
    let y = try formula.build(&sketch, x)
    let graph = sketch.graph
    let inner = try #require(graph.nodeIDs.dropLast().last.flatMap { graph[$0].outputs[0] })
    let model = sketch.model(y, sketch.add("Neg", inner))
    let inputs = ["x": try floats([2, 7, 10])]
    #expect(try difference(model, inputs) < 1e-5)
    #expect(try steps(model, inputs).count > 2)
  }
}
