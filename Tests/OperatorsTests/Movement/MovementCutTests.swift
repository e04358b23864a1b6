import IR
import Operators
import TestSupport
import Testing

/// What nodes need when their operands shrink.
@Suite struct MovementCutTests {
  private func constant(_ values: [Int]) -> Operand {
    let tensor = Tensor(int64: values, [values.count])
    return Operand(name: "c", type: tensor.type, constant: tensor)
  }

  private func operand(_ dimensions: [Dimension]) -> Operand {
    Operand(name: "x", type: TensorType(.float, Shape(dimensions)))
  }

  private func edits(
    _ type: String, opset: Int = 21, _ attributes: [Attribute] = [], _ inputs: [Operand?],
    outputs: Int = 1, kept: [Axis: [Int]]
  ) throws -> [NodeEdit] {
    let op = try makeOperator(
      type, opset: opset, attributes: attributes, inputs: inputs.map { $0 != nil },
      outputs: outputs)
    let inputs = Inputs(label: type, inputs)
    let types = try op.infer(inputs).map(\.type)
    return try op.resize(Cut(label: type, inputs: inputs, outputs: types) { kept[$0] })
  }

  /// The new constants by input.
  private func constants(_ edits: [NodeEdit]) -> [Int: [Int]] {
    var result: [Int: [Int]] = [:]
    for case .constant(let input, let tensor) in edits { result[input] = tensor.integers }
    return result
  }

  private let x = Port.input(0), y = Port.output(0)

  @Test func reshapeWritesNewLengthsOnly() throws {
    // Channels 0 and 2 of 4, each of 2 x 2 elements.
    let kept = [Axis(x, 1): [0, 2], Axis(y, 1): [0, 1, 2, 3, 8, 9, 10, 11]]
    let image = operand([1, 4, 2, 2])
    #expect(
      try constants(edits("Reshape", [], [image, constant([1, 16])], kept: kept)) == [1: [1, 8]])
    #expect(try edits("Reshape", [], [image, constant([0, -1])], kept: kept).isEmpty)
    #expect(try edits("Reshape", [], [image, constant([1, -1])], kept: kept).isEmpty)
  }

  @Test func reshapeWithAComputedTarget() throws {
    let batch = Dimension(symbol: "N")
    let target = Operand(name: "t", type: TensorType(.int64, [2]), data: [batch, 16])
    let kept = [Axis(x, 1): [0, 2], Axis(y, 1): [0, 1, 2, 3, 8, 9, 10, 11]]
    let inputs = [operand([batch, 4, 2, 2]), target]
    #expect(try constants(edits("Reshape", [], inputs, kept: kept)) == [1: [0, 8]])
    #expect(try edits("Reshape", [], inputs, kept: [:]).isEmpty)
  }

  @Test func splitStatesUnevenLengths() throws {
    let kept = [
      Axis(x, 0): [0, 1, 2, 4], Axis(.output(0), 0): [0, 1, 2], Axis(.output(1), 0): [1],
    ]
    let data = operand([6])
    let old = try edits(
      "Split", opset: 11, [Attribute("axis", .int(0))], [data], outputs: 2, kept: kept)
    guard case .attribute("split", .ints([3, 1]))? = old.first, old.count == 1 else {
      Issue.record("expected split = [3, 1], found \(old)")
      return
    }
    #expect(
      try constants(
        edits("Split", opset: 13, [], [data, constant([3, 3])], outputs: 2, kept: kept))
        == [1: [3, 1]])
    let new = try edits(
      "Split", opset: 18, [Attribute("num_outputs", .int(2))], [data], outputs: 2, kept: kept)
    guard case .removeAttribute("num_outputs")? = new.first else {
      Issue.record("expected num_outputs to go, found \(new)")
      return
    }
    #expect(constants(new) == [1: [3, 1]])
  }

  @Test func splitKeepsImpliedLengthsThatStillFit() throws {
    let kept = [
      Axis(x, 0): [0, 1, 3, 4], Axis(.output(0), 0): [0, 1], Axis(.output(1), 0): [0, 1],
    ]
    #expect(try edits("Split", opset: 13, [], [operand([6])], outputs: 2, kept: kept).isEmpty)
  }

  @Test func sliceBoundsFollowWhatIsKept() throws {
    let kept = [Axis(x, 1): [0, 1, 4, 5, 6], Axis(y, 1): [0, 2, 3]]
    let inputs = [operand([1, 8]), constant([4]), constant([8]), constant([1])]
    #expect(try constants(edits("Slice", [], inputs, kept: kept)) == [1: [2], 2: [5]])
    let open = [operand([1, 8]), constant([0]), constant([.max]), constant([1])]
    #expect(try edits("Slice", [], open, kept: kept).isEmpty)
    // Every other one of [0, 1, 4, 5, 6]: 0, 4 and 6 stand at 0, 2 and 4.
    let even = [operand([1, 8]), constant([0]), constant([8]), constant([1]), constant([2])]
    #expect(try edits("Slice", [], even, kept: kept).isEmpty)
    // Backwards from 7 to 5: 6 and 5 stand at 4 and 3.
    let back = [operand([1, 8]), constant([-1]), constant([4]), constant([1]), constant([-1])]
    #expect(try constants(edits("Slice", [], back, kept: kept)) == [1: [4], 2: [2]])
  }

  @Test func sliceRefusesWhatIsNoSlice() {
    // Every other one of [0, 1, 2, 6]: 0, 2 and 6 stand at 0, 2 and 3.
    let inputs = [operand([8]), constant([0]), constant([8]), constant([0]), constant([2])]
    #expect(throws: ModelError.self) {
      try edits("Slice", [], inputs, kept: [Axis(x, 0): [0, 1, 2, 6]])
    }
  }

  @Test func gatherPointsToTheNewPlaces() throws {
    let axis = [Attribute("axis", .int(1))]
    // A channel shuffle of 4; channels 0 and 3 stay.
    let inputs = [operand([1, 4]), constant([0, 2, 1, -1])]
    let kept = [Axis(x, 1): [0, 3], Axis(y, 1): [0, 3]]
    #expect(try constants(edits("Gather", axis, inputs, kept: kept)) == [1: [0, 1]])
    #expect(throws: ModelError.self) {
      try edits("Gather", axis, inputs, kept: [Axis(x, 1): [0, 3]])
    }
  }

  @Test func padCountsWhatIsCreated() throws {
    // Two before and one after four; the second of the first two goes, and index 1 of the input.
    let kept = [Axis(x, 0): [0, 2, 3], Axis(y, 0): [0, 2, 4, 5, 6]]
    #expect(
      try constants(edits("Pad", [], [operand([4]), constant([2, 1])], kept: kept)) == [1: [1, 1]])
  }

  @Test func expandTileAndResizeTargets() throws {
    let four = [Axis(y, 1): [0, 1, 2, 3]]
    #expect(
      try constants(edits("Expand", [], [operand([2, 1]), constant([2, 6])], kept: four)) == [
        1: [2, 4]
      ])
    #expect(
      try constants(edits("Tile", [], [operand([2, 1]), constant([1, 6])], kept: four)) == [
        1: [1, 4]
      ])
    let both = [Axis(x, 1): [0, 1, 2, 3], Axis(y, 1): [0, 1, 2, 3]]
    let image = [operand([1, 6, 5, 5]), nil, nil, constant([1, 6, 9, 9])]
    #expect(try constants(edits("Resize", [], image, kept: both)) == [3: [1, 4, 9, 9]])
    #expect(
      try constants(edits("ConstantOfShape", [], [constant([2, 6])], kept: four)) == [0: [2, 4]])
  }
}
