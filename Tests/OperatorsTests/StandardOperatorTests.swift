import IR
import Operators
import TestSupport
import Testing

/// Operators beyond the common ones: what ONNX's cases leave out, and input that cannot be.
@Suite struct StandardOperatorTests {
  private func numbers(_ values: [Int]) -> Tensor { Tensor(int64: values, [values.count]) }

  private func symbolic(
    _ type: String, opset: Int = 17, _ attributes: [Attribute] = [], _ shapes: [[Dimension]],
    outputs: Int = 1
  ) throws -> [Shape?] {
    let op = try makeOperator(
      type, opset: opset, attributes: attributes, inputs: shapes.map { _ in true },
      outputs: outputs)
    let operands = shapes.enumerated().map { index, shape in
      Operand(name: "x\(index)", type: TensorType(.float, Shape(shape)))
    }
    return try op.infer(Inputs(label: type, operands)).map(\.type.shape)
  }

  @Test func einsumNamesItsAxes() throws {
    let n = Dimension(symbol: "N")
    let equation = Attribute("equation", .string(Array("bij,bjk->bik".utf8)))
    #expect(
      try symbolic("Einsum", [equation], [[n, 2, 3], [n, 3, 4]]) == [Shape([n, 2, 4])])
    #expect(throws: ModelError.self) {
      try symbolic("Einsum", [equation], [[n, 2, 3], [n, 5, 4]])
    }
  }

  @Test(arguments: ["ij,jk-ik", "i1->i", "ij->ii", "ij->k", "ij", "i....,j->i"])
  func wrongEquationsThrow(_ equation: String) throws {
    let equation = Attribute("equation", .string(Array(equation.utf8)))
    let x = Tensor(floats: [1, 2, 3, 4], [2, 2])
    #expect(throws: ModelError.self) {
      try evaluate("Einsum", opset: 12, attributes: [equation], inputs: [x, x])
    }
  }

  @Test func einsumWrapsNarrowIntegers() throws {
    let x = Tensor(.uint8, [2], Storage([UInt8(20), 10]))
    let equation = Attribute("equation", .string(Array("i,i->".utf8)))
    let y = try evaluate("Einsum", opset: 12, attributes: [equation], inputs: [x, x])[0]
    #expect(y.elementType == .uint8)
    #expect(y.integers == [500 - 256])
  }

  @Test func uniqueKeepsOneNaN() throws {
    let x = Tensor(floats: [.nan, 2, .nan, 1, 2], [5])
    let outputs = try evaluate("Unique", opset: 11, inputs: [x], outputs: 4)
    #expect(outputs[0].floats?.prefix(2) == [1, 2])
    #expect(outputs[1...] == [numbers([3, 1, 0]), numbers([2, 1, 2, 0, 1]), numbers([1, 2, 2])])
  }

  @Test func lossesRefuseUnknownClasses() throws {
    let x = Tensor(floats: [0.1, 0.9, 0.4, 0.6], [2, 2])
    #expect(throws: ModelError.self) {
      try evaluate("NegativeLogLikelihoodLoss", opset: 13, inputs: [x, numbers([0, 2])])
    }
    let ignored = Attribute("ignore_index", .int(2))
    let loss = try evaluate(
      "NegativeLogLikelihoodLoss", opset: 13, attributes: [ignored], inputs: [x, numbers([0, 2])])
    #expect(loss[0].floats == [-0.1])
  }

  /// What ONNX Runtime gives.
  @Test("A pool takes an input shorter than its window", arguments: [1, 2, 3], [0, 1])
  func shortPool(stride: Int, rounding: Int) throws {
    func pool(_ op: String, _ kernel: Int, _ pad: Int, _ more: [Attribute]) throws -> Tensor {
      let attributes = [
        Attribute("kernel_shape", .ints([kernel, kernel])), Attribute("ceil_mode", .int(rounding)),
        Attribute("strides", .ints([stride, stride])),
        Attribute("pads", .ints([pad, pad, pad, pad])),
      ]
      let x = Tensor(floats: [1, 2, 3, 4], [1, 1, 2, 2])
      let types = try infer(op, opset: 19, attributes: attributes + more, inputs: [x])
      let y = try evaluate(op, opset: 19, attributes: attributes + more, inputs: [x])[0]
      #expect(types[0].type == y.type)
      return y
    }
    guard stride > 1 else {
      // Not even the beginning of a window that is one longer fits with steps of one.
      #expect(throws: ModelError.self) { try pool("MaxPool", 3, 0, []) }
      return
    }
    #expect(try pool("MaxPool", 3, 0, []).floats == [4])
    #expect(try pool("AveragePool", 3, 0, []).floats == [2.5])
    #expect(try pool("MaxPool", 5, 1, []).floats == [4])
    let counted = Attribute("count_include_pad", .int(1))
    #expect(try pool("AveragePool", 5, 1, [counted]).floats == [0.625])
  }

  @Test func indicesOutOfRangeThrow() throws {
    let x = Tensor(floats: [1, 2], [1, 1, 2])
    let kernel = Attribute("kernel_shape", .ints([2]))
    #expect(throws: ModelError.self) {
      try evaluate(
        "MaxUnpool", opset: 11, attributes: [kernel],
        inputs: [x, Tensor(int64: [0, 3], [1, 1, 2])])
    }
    let condition = Tensor(.bool, [3], Storage([UInt8(0), 0, 1]))
    #expect(throws: ModelError.self) {
      try evaluate("Compress", opset: 11, inputs: [x, condition])
    }
    let regions = Tensor(floats: [0, 0, .infinity, 1], [1, 4])
    #expect(throws: ModelError.self) {
      try evaluate(
        "RoiAlign", opset: 16,
        inputs: [Tensor(floats: [1, 2, 3, 4], [1, 1, 2, 2]), regions, numbers([0])])
    }
    // Many cells with many samples each.
    let sizes = [Attribute("output_height", .int(1000)), Attribute("output_width", .int(1000))]
    let wide = Tensor(floats: [0, 0, 5e5, 5e5], [1, 4])
    #expect(throws: ModelError.self) {
      try evaluate(
        "RoiAlign", opset: 16, attributes: sizes,
        inputs: [Tensor(floats: [1, 2, 3, 4], [1, 1, 2, 2]), wide, numbers([0])])
    }
  }

  @Test("A transform and its inverse give the signal back", arguments: [1, 2, 3, 7, 8, 12])
  func fourier(_ length: Int) throws {
    let values = (0..<2 * length).map { Float(($0 * 7) % 5) - 2 }
    let x = Tensor(floats: values, [1, length, 2])
    let forward = try evaluate("DFT", opset: 17, inputs: [x])[0]
    let sum = stride(from: 0, to: 2 * length, by: 2).reduce(0) { $0 + values[$1] }
    #expect(abs((forward.floats?[0] ?? .nan) - sum) < 1e-5)
    let inverse = Attribute("inverse", .int(1))
    let back = try evaluate("DFT", opset: 17, attributes: [inverse], inputs: [forward])[0]
    let found = try #require(back.floats)
    #expect(zip(found, values).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func frequenciesOfASignalAreCounted() throws {
    let op = try makeOperator("STFT", opset: 17, inputs: [true, true, true], outputs: 1)
    let n = Dimension(symbol: "N")
    let operands = [
      Operand(name: "x", type: TensorType(.float, Shape([1, n, 1]))),
      Operand(name: "step", type: TensorType(.int64, []), constant: Tensor(int64: [4], [])),
      Operand(name: "window", type: TensorType(.float, [16])),
    ]
    let shape = try op.infer(Inputs(label: "STFT", operands)).first?.type.shape
    #expect(shape?.description == "[1,floor(N/4) - 3,9,2]")
  }

  @Test func antialiasingAverages() throws {
    let x = Tensor(floats: [1, 2, 3, 4], [1, 1, 1, 4])
    let attributes = [
      Attribute("mode", .string(Array("linear".utf8))), Attribute("antialias", .int(1)),
    ]
    let sizes = numbers([1, 1, 1, 2])
    let y = try evaluate(
      "Resize", opset: 18, attributes: attributes, inputs: [x, nil, nil, sizes])[0]
    // Weights 0.25 0.75 0.75 0.25 around each middle, the element beyond the edge repeated.
    let expected: [Float] = [(0.25 * 1 + 0.75 * 1 + 0.75 * 2 + 0.25 * 3) / 2, 3.375]
    #expect(y.floats == expected)
  }
}
