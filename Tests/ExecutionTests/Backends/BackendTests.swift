import Execution
import IR
import Samples
import TestSupport
import Testing

/// One node and the shapes of its operands.
struct Case: Sendable, CustomTestStringConvertible {
  var type: String
  var shapes: [[Int]]
  var attributes: [String: [Int]] = [:]
  var scalars: [String: Int] = [:]
  var opset = 22

  var testDescription: String { "\(type) \(shapes) \(attributes) \(scalars)" }

  var encoded: [Attribute] {
    attributes.map { Attribute($0.key, .ints($0.value)) }
      + scalars.map { Attribute($0.key, .int($0.value)) }
  }
}

private let cases = [
  Case(type: "Conv", shapes: [[2, 8, 30], [16, 8, 5], [16]], attributes: ["strides": [2]]),
  Case(
    type: "Conv", shapes: [[1, 3, 20, 21], [7, 3, 3, 5]], attributes: ["pads": [1, 0, 2, 3]]),
  Case(
    type: "Conv", shapes: [[2, 12, 15, 15], [24, 4, 3, 3], [24]],
    attributes: ["dilations": [2, 3], "pads": [2, 3, 2, 3]], scalars: ["group": 3]),
  Case(
    type: "Conv", shapes: [[1, 32, 14, 14], [64, 1, 3, 3], [64]],
    attributes: ["pads": [1, 1, 1, 1]],
    scalars: ["group": 32]),
  Case(type: "Conv", shapes: [[1, 16, 9, 9], [1, 16, 1, 1], [1]]),
  Case(
    type: "Conv", shapes: [[1, 4, 6, 7, 8], [8, 4, 3, 2, 3]], attributes: ["strides": [1, 2, 1]]),
  Case(
    type: "ConvTranspose", shapes: [[1, 6, 7, 9], [6, 5, 3, 3], [5]],
    attributes: ["strides": [2, 3], "pads": [1, 0, 1, 2], "output_padding": [1, 2]]),
  Case(
    type: "ConvTranspose", shapes: [[2, 8, 11], [8, 3, 4]],
    attributes: ["strides": [2], "dilations": [2]], scalars: ["group": 4]),
  Case(
    type: "ConvTranspose", shapes: [[1, 8, 5, 5], [8, 1, 4, 4]],
    attributes: ["strides": [2, 2], "output_shape": [9, 11]], scalars: ["group": 8]),
  Case(type: "MatMul", shapes: [[5, 33], [33, 17]]),
  Case(type: "MatMul", shapes: [[2, 3, 5, 7], [7, 9]]),
  Case(type: "MatMul", shapes: [[2, 3, 5, 7], [2, 3, 7, 9]]),
  Case(type: "MatMul", shapes: [[4, 1, 5, 7], [3, 7, 9]]),
  Case(type: "MatMul", shapes: [[7], [3, 7, 2]]),
  Case(type: "MatMul", shapes: [[3, 4, 7], [7]]),
  Case(type: "MatMul", shapes: [[7], [7]]),
  Case(type: "Gemm", shapes: [[5, 7], [7, 9], [9]]),
  Case(type: "Gemm", shapes: [[7, 5], [9, 7], [5, 1]], scalars: ["transA": 1, "transB": 1]),
  Case(type: "Gemm", shapes: [[5, 7], [7, 9], [5, 9]]),
  Case(type: "Gemm", shapes: [[5, 7], [9, 7]], scalars: ["transB": 1]),
  // Pictures one position wide.
  Case(
    type: "Conv", shapes: [[2, 5, 29, 1], [7, 5, 4, 1], [7]],
    attributes: ["strides": [2, 1], "dilations": [2, 1], "pads": [3, 0, 1, 0]]),
  Case(type: "Conv", shapes: [[1, 16, 40, 1, 1], [32, 16, 5, 1, 1]]),
  Case(
    type: "MaxPool", shapes: [[1, 5, 13, 14]],
    attributes: ["kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]],
    scalars: ["ceil_mode": 1]),
  Case(
    type: "MaxPool", shapes: [[1, 5, 13]], attributes: ["kernel_shape": [3], "dilations": [3]]),
  Case(
    type: "AveragePool", shapes: [[2, 5, 13, 14]],
    attributes: ["kernel_shape": [3, 3], "strides": [2, 3], "pads": [1, 1, 1, 1]],
    scalars: ["ceil_mode": 1]),
  Case(
    type: "AveragePool", shapes: [[2, 5, 13, 14]],
    attributes: ["kernel_shape": [3, 3], "strides": [2, 3], "pads": [1, 1, 1, 1]],
    scalars: ["ceil_mode": 1, "count_include_pad": 1]),
  Case(
    type: "AveragePool", shapes: [[1, 5, 2, 9]],
    attributes: ["kernel_shape": [3, 3], "strides": [2, 2]]),
  Case(
    type: "MaxPool", shapes: [[1, 5, 2, 9]],
    attributes: ["kernel_shape": [3, 3], "strides": [2, 2]], scalars: ["ceil_mode": 1]),
  Case(
    type: "AveragePool", shapes: [[1, 5, 2, 9]],
    attributes: ["kernel_shape": [5, 3], "strides": [2, 2], "pads": [1, 0, 1, 0]],
    scalars: ["ceil_mode": 1, "count_include_pad": 1]),
  Case(
    type: "AveragePool", shapes: [[1, 3, 8, 9, 10]],
    attributes: ["kernel_shape": [2, 3, 2], "dilations": [2, 1, 2]]),
  Case(type: "GlobalAveragePool", shapes: [[2, 5, 4, 6]]),
  Case(type: "GlobalMaxPool", shapes: [[2, 5, 4]]),
  Case(type: "Softmax", shapes: [[3, 4, 5]], scalars: ["axis": 1]),
  Case(type: "LogSoftmax", shapes: [[3, 4, 5]], scalars: ["axis": 1], opset: 11),
  Case(type: "LayerNormalization", shapes: [[3, 4, 50], [50], [50]]),
  Case(type: "Sigmoid", shapes: [[3, 4, 50]]),
  Case(type: "Gelu", shapes: [[3, 4, 50]]),
]

@Suite("Accelerated against reference")
struct BackendTests {
  @Test("one node, its later operands constant or not", arguments: cases, [true, false])
  func node(_ test: Case, constant: Bool) throws {
    let inputs = try test.shapes.enumerated().map { try floats($1, seed: UInt64($0)) }
    let constants = Set(constant ? Array(1..<max(1, inputs.count)) : [])
    let model = try model(
      test.type, inputs: inputs, constants: constants, attributes: test.encoded, opset: test.opset)
    let run = feed(inputs, constants: constants)
    let a = try Session(model, options: SessionOptions(backend: .reference)).run(run)
    let session = try Session(model)
    let b = try session.run(run)
    let comparison = try Comparison(
      reference: try #require(a["y0"]), candidate: try #require(b["y0"]))
    #expect(comparison.maxRelative < 1e-5)
    #expect(try session.run(run) == b)
  }
}
