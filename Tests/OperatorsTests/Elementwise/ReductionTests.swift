import IR
import Operators
import TestSupport
import Testing

@Suite("Reductions and Softmax")
struct ReductionTests {
  private let x = Tensor(floats: [1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2])

  @Test("Axes are an attribute or an input, by opset")
  func axes() throws {
    let attribute = try evaluate(
      "ReduceMean", opset: 13, attributes: [Attribute("axes", .ints([1]))], inputs: [x])[0]
    let input = try evaluate("ReduceMean", opset: 18, inputs: [x, Tensor(int64: [-2], [1])])[0]
    #expect(attribute.floats == [2, 3, 6, 7])
    #expect(attribute == input)
    #expect(attribute.dimensions == [2, 1, 2])
    #expect(throws: ModelError.self) {
      try evaluate("ReduceMean", opset: 13, inputs: [x, Tensor(int64: [1], [1])])
    }
  }

  @Test("keepdims = 0 drops the reduced axes; outer and inner ones can go together")
  func keepdims() throws {
    let result = try evaluate(
      "ReduceSum", opset: 13, attributes: [Attribute("keepdims", .int(0))],
      inputs: [x, Tensor(int64: [0, 2], [2])])[0]
    #expect(result.floats == [14, 22])
    #expect(result.dimensions == [2])
  }

  @Test("No axes means all, or none with noop_with_empty_axes")
  func noAxes() throws {
    #expect(try evaluate("ReduceMax", opset: 18, inputs: [x])[0].floats == [8])
    let noop = try evaluate(
      "ReduceMax", opset: 18, attributes: [Attribute("noop_with_empty_axes", .int(1))], inputs: [x])
    #expect(noop[0] == x)
  }

  @Test("Bad axes are errors", arguments: [[3], [-4], [0, 0], [0, -3]])
  func badAxes(axes: [Int]) {
    #expect(throws: ModelError.self) {
      try evaluate("ReduceSum", opset: 13, inputs: [x, Tensor(int64: axes, [axes.count])])
    }
  }

  @Test("Empty axes give the neutral element")
  func empty() throws {
    let none = Tensor(floats: [], [2, 0])
    let axis = Tensor(int64: [1], [1])
    #expect(try evaluate("ReduceSum", opset: 13, inputs: [none, axis])[0].floats == [0, 0])
    #expect(try evaluate("ReduceProd", opset: 18, inputs: [none, axis])[0].floats == [1, 1])
    let largest = try evaluate("ReduceMax", opset: 20, inputs: [none, axis])[0].floats
    #expect(largest == [-.infinity, -.infinity])
  }

  @Test("LogSumExp does not overflow")
  func logSumExp() throws {
    let big = Tensor(floats: [1000, 1000], [2])
    let result = try evaluate("ReduceLogSumExp", opset: 18, inputs: [big])[0].floats ?? []
    #expect(abs(result[0] - 1000.6931) < 1e-3)
  }

  @Test("The product of a shape propagates through inference")
  func propagation() throws {
    let op = try makeOperator("ReduceProd", opset: 13, inputs: [true])
    let shape = Operand(
      name: "shape", type: TensorType(.int64, [2]), data: [Dimension(symbol: "N"), 4])
    let inferred = try op.infer(Inputs(label: "ReduceProd", [shape]))
    #expect(inferred[0].data == [Dimension(symbol: "N") * 4])
  }

  @Test("Before opset 13 Softmax normalises all axes from the axis on")
  func softmaxFlattens() throws {
    let zeros = Tensor(floats: [0, 0, 0, 0], [1, 2, 2])
    let old = try evaluate(
      "Softmax", opset: 11, attributes: [Attribute("axis", .int(1))], inputs: [zeros])[0]
    #expect(old.floats == [0.25, 0.25, 0.25, 0.25])
    let new = try evaluate(
      "Softmax", opset: 13, attributes: [Attribute("axis", .int(1))], inputs: [zeros])[0]
    #expect(new.floats == [0.5, 0.5, 0.5, 0.5])
  }

  @Test("Softmax of large numbers along a middle axis")
  func softmaxLarge() throws {
    let x = Tensor(floats: [1000, -1000, 1000, 0], [1, 2, 2])
    let result = try evaluate(
      "Softmax", opset: 13, attributes: [Attribute("axis", .int(-2))], inputs: [x])[0]
    #expect(result.floats == [0.5, 0, 0.5, 1])
    let logs = try evaluate(
      "LogSoftmax", opset: 13, attributes: [Attribute("axis", .int(1))], inputs: [x])[0].floats
    #expect(logs?[1] == -1000)
    #expect(logs?[3] == 0)
  }

  @Test("Softmax freezes what it normalises, in its operand and in its result")
  func softmaxChannels() throws {
    let type = TensorType(.float, [2, 3, 4])
    let inputs = Inputs(label: "Softmax", [Operand(name: "x", type: type)])
    let attributes = [Attribute("axis", .int(1))]
    let counts = try [11, 13].map { opset in
      let op = try makeOperator("Softmax", opset: opset, attributes: attributes, inputs: [true])
      return op.channels(inputs, [type]).relations.count { relation in
        if case .freeze = relation { true } else { false }
      }
    }
    #expect(counts == [4, 2])
  }
}
