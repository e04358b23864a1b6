import IR
import Operators
import TestSupport
import Testing

/// Shapes with symbolic lengths, and integers that follow from them.
@Suite struct MovementInferenceTests {
  private let batch = Dimension(symbol: "N")
  private let height = Dimension(symbol: "H")

  private func operand(_ dimensions: [Dimension], _ type: ElementType = .float) -> Operand {
    Operand(name: "x", type: TensorType(type, Shape(dimensions)))
  }

  private func numbers(_ values: [Int]) -> Operand {
    let tensor = Tensor(int64: values, [values.count])
    return Operand(name: "c", type: tensor.type, constant: tensor)
  }

  private func lengths(_ data: [Dimension]) -> Operand {
    Operand(name: "d", type: TensorType(.int64, [data.count]), data: data)
  }

  private func infer(
    _ type: String, opset: Int = 21, _ attributes: [Attribute] = [], _ inputs: [Operand?],
    outputs: Int = 1
  ) throws -> [Inferred] {
    let op = try makeOperator(
      type, opset: opset, attributes: attributes, inputs: inputs.map { $0 != nil },
      outputs: outputs)
    return try op.infer(Inputs(label: type, inputs))
  }

  private func shape(
    _ type: String, opset: Int = 21, _ attributes: [Attribute] = [], _ inputs: [Operand?]
  ) throws -> Shape? { try infer(type, opset: opset, attributes, inputs)[0].type.shape }

  @Test func shapeGatherConcatReshapeKeepsTheBatch() throws {
    let image = operand([batch, 64, 7, 7])
    let all = try infer("Shape", [], [image])[0]
    #expect(all.data == [batch, 64, 7, 7])
    let first = try infer("Gather", [], [lengths(all.data ?? []), numbers([0])])[0]
    #expect(first.data == [batch])
    let target = try infer(
      "Concat", [Attribute("axis", .int(0))], [lengths(first.data ?? []), numbers([-1])])[0]
    #expect(target.data == [batch, -1])
    #expect(try shape("Reshape", [], [image, lengths(target.data ?? [])]) == Shape([batch, 3136]))
  }

  @Test func reshapeDividesExpressions() throws {
    let x = operand([batch, 8, height, 4])
    #expect(
      try shape("Reshape", [], [x, numbers([0, 2, 4, -1])])
        == Shape([batch, 2, 4, height * 4]))
    #expect(try shape("Reshape", [], [x, numbers([-1, 32])]) == Shape([batch * height, 32]))
    // What is not known on both sides cancels.
    let open = operand([.unknown, 8, 4])
    #expect(try shape("Reshape", [], [open, numbers([0, -1])]) == Shape([.unknown, 32]))
    #expect(try shape("Reshape", [], [x, operand([3], .int64)])?.rank == 3)
  }

  @Test func sliceOfAnOpenAxis() throws {
    let x = operand([batch, height])
    func slice(_ start: Int, _ end: Int, _ step: Int = 1) throws -> Dimension? {
      try shape(
        "Slice", [], [x, numbers([start]), numbers([end]), numbers([1]), numbers([step])])?[1]
    }
    #expect(try slice(0, .max) == height)
    #expect(try slice(0, .max, 2) == height.ceilDivided(by: 2))
    #expect(try slice(-1, .min, -1) == height)
    #expect(try slice(1, .max)?.substituting(["H": 9]) == 8)
    #expect(try slice(-3, .max)?.substituting(["H": 9]) == 3)
    #expect(try slice(0, -1)?.substituting(["H": 9]) == 8)
  }

  @Test func sliceOfAShape() throws {
    let data = lengths([batch, 3, height, 5])
    #expect(try infer("Slice", [], [data, numbers([2]), numbers([.max])])[0].data == [height, 5])
    #expect(
      try infer("Slice", [], [data, numbers([-1]), numbers([.min]), nil, numbers([-1])])[0].data
        == [5, height, 3, batch])
  }

  @Test func resizeScalesExpressions() throws {
    let x = operand([batch, 3, height, 10])
    func scaled(_ scale: Float) throws -> Shape? {
      let tensor = Tensor(floats: [1, 1, scale, scale], [4])
      return try shape(
        "Resize", [], [x, nil, Operand(name: "s", type: tensor.type, constant: tensor)])
    }
    #expect(try scaled(2) == Shape([batch, 3, height * 2, 20]))
    #expect(try scaled(0.5) == Shape([batch, 3, height.floorDivided(by: 2), 5]))
    #expect(try scaled(0.3)?.dimensions == [batch, 3, .unknown, 3])
    let sizes = lengths([batch, 3, height * 2, 7])
    #expect(try shape("Resize", [], [x, nil, nil, sizes]) == Shape([batch, 3, height * 2, 7]))
  }

  @Test func padConcatAndTileAddUp() throws {
    let x = operand([batch, height])
    #expect(try shape("Pad", [], [x, numbers([0, 1, 0, 2])]) == Shape([batch, height + 3]))
    #expect(
      try shape("Concat", [Attribute("axis", .int(1))], [x, operand([batch, 4])])
        == Shape([batch, height + 4]))
    #expect(try shape("Tile", [], [x, numbers([1, 3])]) == Shape([batch, height * 3]))
    #expect(
      try shape("Expand", [], [operand([1, 4]), lengths([batch, 1])]) == Shape([batch, 4]))
  }

  @Test func rangeAndConstantOfShapeReadLengths() throws {
    let zero = numbers([0]), one = numbers([1])
    #expect(try shape("Range", [], [zero, lengths([height]), one]) == Shape([height]))
    #expect(try infer("Range", [], [zero, numbers([5]), numbers([2])])[0].data == [0, 2, 4])
    #expect(try shape("ConstantOfShape", [], [lengths([batch, 3])]) == Shape([batch, 3]))
  }

  @Test func splitSharesAnOpenAxis() throws {
    let parts = try infer(
      "Split", opset: 11, [Attribute("axis", .int(1))], [operand([2, height * 2])], outputs: 2)
    #expect(parts.map(\.type.shape) == [Shape([2, height]), Shape([2, height])])
  }

  @Test func nonZeroIsOpen() throws {
    #expect(try shape("NonZero", [], [operand([batch, 3])]) == Shape([2, .unknown]))
  }

  @Test func contradictionsAreErrors() {
    let x = operand([batch, 3])
    #expect(throws: ModelError.self) { try shape("Squeeze", [], [x, numbers([1])]) }
    #expect(throws: ModelError.self) { try shape("Reshape", [], [operand([2, 3]), numbers([4])]) }
    #expect(throws: ModelError.self) {
      try shape("Transpose", [Attribute("perm", .ints([0, 1, 2]))], [x])
    }
    #expect(throws: ModelError.self) {
      try shape("Concat", [Attribute("axis", .int(0))], [x, operand([batch, 4])])
    }
  }
}
