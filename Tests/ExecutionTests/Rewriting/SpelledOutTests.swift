import Execution
import IR
import TestSupport
import Testing

/// Builds a function of x out of several nodes.
private struct Formula: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let build: @Sendable (inout Network, ValueID) throws -> ValueID
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
  Formula(testDescription: "x (clip(x + 3, 0, 6) / 6)") {
    let line = $0.add("Clip", $0.add("Add", $1, $0.number(3)), $0.number(0), $0.number(6))
    return $0.add("Mul", $1, $0.add("Div", line, $0.number(6)))
  },
  Formula(testDescription: "log(exp(x) + 1)") {
    $0.add("Log", $0.add("Add", $0.add("Exp", $1), $0.number(1)))
  },
  Formula(testDescription: "log(softmax(x))") { $0.add("Log", $0.add("Softmax", $1)) },
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
    var sketch = Network()
    let x = sketch.input("x", rank: 3)
    let model = sketch.model(try formula.build(&sketch, x))
    let inputs = ["x": try floats([2, 7, 10])]
    #expect(try difference(model, inputs) < 1e-5)
    #expect(try steps(model, inputs).count == 1)
  }

  @Test("stay apart where an inner value is read elsewhere", arguments: formulas)
  private func shared(_ formula: Formula) throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 3)
    let y = try formula.build(&sketch, x)
    let graph = sketch.graph
    let inner = try #require(graph.nodeIDs.dropLast().last.flatMap { graph[$0].outputs[0] })
    let model = sketch.model(y, sketch.add("Neg", inner))
    let inputs = ["x": try floats([2, 7, 10])]
    #expect(try difference(model, inputs) < 1e-5)
    #expect(try steps(model, inputs).count > 2)
  }

  @Test("give a result of more axes where a constant has more than x", arguments: [1, 2, 3])
  func ranks(rank: Int) throws {
    let ones = [Int](repeating: 1, count: rank)
    for spelling in 0..<3 {
      var sketch = Network()
      let x = sketch.input("x", rank: 2)
      func number(_ value: Float) -> ValueID { sketch.constant(Tensor(floats: [value], ones)) }
      let y: ValueID
      switch spelling {
      case 0:
        let erf = sketch.add("Erf", sketch.add("Div", x, number(1.414_213_5)))
        let sum = sketch.add("Add", erf, sketch.number(1))
        y = sketch.add("Mul", sketch.add("Mul", x, sum), sketch.number(0.5))
      case 1:
        let line = sketch.add("Add", x, sketch.number(3))
        let gate = sketch.add("Clip", line, sketch.number(0), sketch.number(6))
        y = sketch.add("Div", sketch.add("Mul", x, gate), number(6))
      default:
        y = sketch.add("Log", sketch.add("Add", sketch.add("Exp", x), number(1)))
      }
      let model = sketch.model(y)
      let inputs = ["x": try floats([2, 3])]
      let result = try Session(model).run(inputs).values.first
      #expect(result?.dimensions == (rank > 2 ? [1, 2, 3] : [2, 3]))
      #expect(try difference(model, inputs) < 1e-5)
    }
  }

  @Test("run as they are written where they overflow or vanish")
  func extremes() throws {
    for type in ["Softplus", "LogSoftmax"] {
      var sketch = Network()
      let x = sketch.input("x", rank: 1)
      let y =
        type == "Softplus"
        ? sketch.add("Log", sketch.add("Add", sketch.add("Exp", x), sketch.number(1)))
        : sketch.add("Log", sketch.add("Softmax", x))
      let model = sketch.model(y)
      let inputs = ["x": Tensor(floats: [200, -200, 0], [3])]
      let reference = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
      #expect(try difference(model, inputs) < 1e-6)
      #expect(reference.values.first?.floats?.contains { $0.isInfinite } == true)
    }
  }

  @Test(
    "of the mean square run as one step along the last axis alone", arguments: [-1, 2, 1],
    [3, 4])
  func rootMeanSquares(axis: Int, rank: Int) throws {
    var sketch = Network()
    let x = sketch.input("x", rank: rank)
    let mean = sketch.add(
      "ReduceMean", sketch.add("Mul", x, x), attributes: [Attribute("axes", .ints([axis]))])
    let root = sketch.add("Sqrt", sketch.add("Add", mean, sketch.number(1e-5)))
    let scaled = sketch.add("Mul", sketch.add("Div", x, root), try sketch.weight([6]))
    let model = sketch.model(scaled)
    let inputs = ["x": try floats(Array([2, 3, 5, 6].suffix(rank)))]
    #expect(try difference(model, inputs) < 1e-5)
    let isLast = axis == -1 || axis == rank - 1
    #expect(try (steps(model, inputs).count == 1) == isLast)
  }
}
