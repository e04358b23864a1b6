import IR
import Operators
import TestSupport
import Testing

/// Operators that move elements, on arrays small enough to check by hand.
@Suite struct MovementTests {
  private func counting(_ dimensions: [Int]) -> Tensor {
    Tensor(int64: Array(0..<dimensions.reduce(1, *)), dimensions)
  }

  private func numbers(_ values: [Int]) -> Tensor { Tensor(int64: values, [values.count]) }

  private func run(
    _ type: String, opset: Int = 21, _ attributes: [Attribute] = [], _ inputs: [Tensor?]
  ) throws -> Tensor {
    try evaluate(type, opset: opset, attributes: attributes, inputs: inputs)[0]
  }

  @Test func transposeReordersAxes() throws {
    let y = try run("Transpose", [Attribute("perm", .ints([1, 0]))], [counting([2, 3])])
    #expect(y == Tensor(int64: [0, 3, 1, 4, 2, 5], [3, 2]))
    let reversed = try run("Transpose", [], [counting([1, 2, 2])])
    #expect(reversed == Tensor(int64: [0, 2, 1, 3], [2, 2, 1]))
  }

  @Test(arguments: [ElementType.bool, .float16, .float, .double])
  func transposeTakesEveryWidth(_ type: ElementType) throws {
    let (rows, columns) = (37, 70)
    let width = try #require(type.byteWidth)
    let bytes = (0..<rows * columns * width).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 5) }
    let op = try makeOperator("Transpose", opset: 13, inputs: [true])
    let x = Tensor(type, [rows, columns], Storage(bytes))
    let y = try #require(
      try evaluateConstant(op, label: "Transpose", inputs: [x], outputs: 1)?.first?.storage)
    let wrong = (0..<rows * columns * width).filter { place in
      let (element, byte) = place.quotientAndRemainder(dividingBy: width)
      let (row, column) = element.quotientAndRemainder(dividingBy: columns)
      return y.bytes[(column * rows + row) * width + byte] != bytes[place]
    }
    #expect(wrong.isEmpty)
  }

  @Test func sliceGoesBackwards() throws {
    let inputs = [counting([5]), numbers([-1]), numbers([-100]), numbers([0]), numbers([-2])]
    #expect(try run("Slice", [], inputs) == numbers([4, 2, 0]))
  }

  @Test func sliceBeforeOpset10ReadsAttributes() throws {
    let attributes = [
      Attribute("starts", .ints([1])), Attribute("ends", .ints([Int.max])),
      Attribute("axes", .ints([1])),
    ]
    let y = try run("Slice", opset: 9, attributes, [counting([2, 3])])
    #expect(y == Tensor(int64: [1, 2, 4, 5], [2, 2]))
  }

  @Test func padReflectsAndCrops() throws {
    let mode = [Attribute("mode", .string(Array("reflect".utf8)))]
    #expect(
      try run("Pad", mode, [counting([3]), numbers([2, 1])]) == numbers([2, 1, 0, 1, 2, 1]))
    let value = Tensor(int64: [9], [])
    let cropped = try run("Pad", [], [counting([4]), numbers([-1, 2]), value])
    #expect(cropped == numbers([1, 2, 3, 9, 9]))
    let axes = try run("Pad", [], [counting([2, 1]), numbers([0, 1]), value, numbers([-1])])
    #expect(axes == Tensor(int64: [0, 9, 1, 9], [2, 2]))
  }

  @Test func padWrapsSinceOpset19() throws {
    let mode = [Attribute("mode", .string(Array("wrap".utf8)))]
    #expect(
      try run("Pad", mode, [counting([3]), numbers([1, 2])]) == numbers([2, 0, 1, 2, 0, 1]))
    #expect(throws: ModelError.self) {
      try run("Pad", opset: 18, mode, [counting([3]), numbers([1, 2])])
    }
  }

  @Test func gatherCountsFromTheEnd() throws {
    let axis = [Attribute("axis", .int(1))]
    let y = try run("Gather", axis, [counting([2, 3]), numbers([-1, 0])])
    #expect(y == Tensor(int64: [2, 0, 5, 3], [2, 2]))
    let error = #expect(throws: ModelError.self) {
      try run("Gather", axis, [counting([2, 3]), numbers([3])])
    }
    #expect(error?.message == "Gather 'test', input 1: expected indices in [-3, 2], found 3")
  }

  @Test func concatJoinsAndSplitCutsUnevenly() throws {
    let axis = [Attribute("axis", .int(1))]
    let joined = try run("Concat", axis, [counting([2, 1]), counting([2, 2])])
    #expect(joined == Tensor(int64: [0, 0, 1, 1, 2, 3], [2, 3]))
    let parts = try evaluate(
      "Split", opset: 13, attributes: axis, inputs: [joined, numbers([1, 2])], outputs: 2)
    #expect(parts == [counting([2, 1]), counting([2, 2])])
    let shares = try evaluate(
      "Split", opset: 18, attributes: [Attribute("num_outputs", .int(2))], inputs: [counting([5])],
      outputs: 2)
    #expect(shares == [numbers([0, 1, 2]), numbers([3, 4])])
    #expect(throws: ModelError.self) {
      try evaluate("Split", opset: 13, inputs: [counting([5])], outputs: 2)
    }
  }

  @Test func reshapeReadsZeroAndMinusOne() throws {
    let x = counting([2, 3, 4])
    #expect(try run("Reshape", [], [x, numbers([0, -1])]).dimensions == [2, 12])
    let zero = [Attribute("allowzero", .int(1))]
    #expect(try run("Reshape", zero, [counting([0, 3]), numbers([3, 0])]).dimensions == [3, 0])
    #expect(throws: ModelError.self) { try run("Reshape", [], [x, numbers([5, -1])]) }
    #expect(throws: ModelError.self) { try run("Reshape", [], [x, numbers([Int.max, 4])]) }
  }

  @Test func depthToSpaceOrdersChannelsByMode() throws {
    let x = counting([1, 8, 1, 1])
    let depth = try run("DepthToSpace", [Attribute("blocksize", .int(2))], [x])
    #expect(depth == Tensor(int64: [0, 2, 4, 6, 1, 3, 5, 7], [1, 2, 2, 2]))
    let mode = Attribute("mode", .string(Array("CRD".utf8)))
    let column = try run("DepthToSpace", [Attribute("blocksize", .int(2)), mode], [x])
    #expect(column == Tensor(int64: [0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 2, 2]))
    let back = try run("SpaceToDepth", [Attribute("blocksize", .int(2))], [depth])
    #expect(back == x)
  }

  @Test func expandAndTileRepeat() throws {
    let x = counting([2, 1])
    #expect(
      try run("Expand", [], [x, numbers([2, 1, 2])])
        == Tensor(int64: [0, 0, 1, 1, 0, 0, 1, 1], [2, 2, 2]))
    #expect(
      try run("Tile", [], [counting([2, 2]), numbers([1, 2])])
        == Tensor(int64: [0, 1, 0, 1, 2, 3, 2, 3], [2, 4]))
  }

  @Test func squeezeAndUnsqueezeMoveAxesFromAttributeToInput() throws {
    let x = counting([1, 2, 1])
    #expect(try run("Squeeze", [], [x, numbers([-1])]).dimensions == [1, 2])
    #expect(
      try run("Squeeze", opset: 11, [Attribute("axes", .ints([0]))], [x]).dimensions == [2, 1])
    #expect(try run("Unsqueeze", [], [counting([2]), numbers([0, -1])]).dimensions == [1, 2, 1])
    #expect(throws: ModelError.self) { try run("Squeeze", [], [x, numbers([1])]) }
  }

  @Test func scatterReplacesAndAdds() throws {
    let y = try run(
      "ScatterND", [Attribute("reduction", .string(Array("add".utf8)))],
      [counting([4]), Tensor(int64: [1, -1, 1], [3, 1]), numbers([10, 20, 30])])
    #expect(y == numbers([0, 41, 2, 23]))
  }

  @Test func topElementsComeInOrderOfValueThenIndex() throws {
    let outputs = try evaluate(
      "TopK", opset: 11, inputs: [Tensor(floats: [1, 3, 3, 2], [4]), numbers([3])], outputs: 2)
    #expect(outputs == [Tensor(floats: [3, 3, 2], [3]), numbers([1, 2, 3])])
  }

  @Test func emptyTensorsPassThrough() throws {
    #expect(try run("Transpose", [], [counting([0, 3])]).dimensions == [3, 0])
    #expect(
      try run("Gather", [], [counting([3, 2]), Tensor(int64: [], [0])]).dimensions == [0, 2])
    #expect(
      try run("Concat", [Attribute("axis", .int(0))], [counting([0]), counting([2])])
        == counting([2]))
  }
}
