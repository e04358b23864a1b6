import Foundation
import IR
import Operators
import Passes
import TestSupport
import Testing

extension QuantizationTarget {
  /// A device that multiplies and nothing else: what a table in `Targets` looks like.
  fileprivate static let multiplier = QuantizationTarget(
    name: "The multiplier",
    kernels: [
      "Conv": .always,
      "Gemm": .unless([.transposedActivation: "A is transposed", .alpha: "alpha is not 1"]),
    ],
    reasons: ["Softmax": "the multiplier has no exponentials"])
}

/// What the tables of runtimes make of the forms that operators state.
@Suite struct QuantizationTargetTests {
  /// A table's rule for a node whose operands have the given shapes; `constants` are weights.
  private func rule(
    _ type: String, _ shapes: [[Int]], constants: Set<Int>, _ attributes: [Attribute] = []
  ) throws -> QuantizationRule {
    let op = try makeOperator(
      type, opset: 17, attributes: attributes, inputs: shapes.map { _ in true })
    let operands = shapes.enumerated().map { index, lengths in
      Operand(
        name: "x\(index)", type: TensorType(.float, Shape(lengths)),
        constant: constants.contains(index)
          ? Tensor(floats: [Float](repeating: 0, count: lengths.reduce(1, *)), lengths) : nil)
    }
    return QuantizationTarget.onnxRuntime.rule(op, Inputs(label: type, operands))
  }

  private func reason(_ rule: QuantizationRule) -> String? {
    if case .float(let reason) = rule { reason } else { nil }
  }

  @Test("Gemm is integer only in the form that ONNX Runtime knows")
  func gemmForms() throws {
    let transposed = Attribute("transB", .int(1))
    func gemm(_ attributes: [Attribute], constants: Set<Int> = [1, 2]) throws -> QuantizationRule {
      try rule("Gemm", [[3, 8], [5, 8], [5]], constants: constants, [transposed] + attributes)
    }
    guard case .weighted(0, 1, axis: 0, bias: 2, perChannel: true) = try gemm([]) else {
      Issue.record("expected a weighted operator")
      return
    }
    #expect(try reason(gemm([Attribute("alpha", .float(0.5))])) == "alpha is not 1")
    #expect(try reason(gemm([Attribute("beta", .float(2))])) == "beta is not 1")
    #expect(try reason(gemm([Attribute("transA", .int(1))])) == "transA is not 0")
    #expect(
      try reason(gemm([], constants: [0])) == "its input is constant or not of type float")
  }

  @Test("MatMul is integer with a matrix on the right, or between two activations")
  func matMulForms() throws {
    guard case .product(inputs: [0, 1]) = try rule("MatMul", [[2, 3], [3, 4]], constants: []),
      case .weighted(0, 1, axis: 1, bias: nil, perChannel: true) = try rule(
        "MatMul", [[2, 3], [3, 4]], constants: [1]),
      case .weighted(0, 1, axis: 2, bias: nil, perChannel: false) = try rule(
        "MatMul", [[2, 2, 3], [2, 3, 4]], constants: [1])
    else {
      Issue.record("expected a product and two weighted operators")
      return
    }
    #expect(
      try reason(rule("MatMul", [[2, 3], [3, 4]], constants: [0]))
        == "the constant operand is the left one")
    #expect(
      try reason(rule("MatMul", [[2, 3], [3]], constants: [1])) == "the weight is a vector")
  }

  @Test("What is not in the table stays in float, with the table's reason where it has one")
  func others() throws {
    #expect(
      try reason(rule("Exp", [[2]], constants: []))
        == "ONNX Runtime has no integer kernel for Exp")
    #expect(
      try reason(rule("ConvTranspose", [[1, 2, 3], [2, 2, 1]], constants: [1]))
        == "runtimes have no integer transposed convolution")
  }

  @Test("A table of two operators is a target: all others stay in float")
  func multiplier() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.node("Relu", "relu", [net.conv("conv1", x, 3, 4)])
    let pooled = net.node("GlobalAveragePool", "pool", [net.conv("conv2", a, 4, 4)])
    let flat = net.node("Flatten", "flat", [pooled])
    let y = net.node("Gemm", "gemm", [flat, net.weight("w", [4, 5], seed: 3)])
    net.output(net.node("Softmax", "softmax", [y]))
    let result = try quantize(net.model()) { $0.target = .multiplier }
    #expect(
      result.floats == [
        "Relu 'relu': The multiplier has no integer kernel for Relu",
        "GlobalAveragePool 'pool': The multiplier has no integer kernel for GlobalAveragePool",
        "Flatten 'flat': The multiplier has no integer kernel for Flatten",
        "Softmax 'softmax': the multiplier has no exponentials",
      ])
  }

  @Test("Every name in the tables is an operator's, and operators' files name no runtime's kernels")
  func names() throws {
    let known = Set(Registry.names.map { "\($0)" })
    for profile in QuantizationOptions.Profile.allCases {
      let target = profile.target
      let named = Set(target.kernels.keys).union(target.reasons.keys)
      #expect(named.subtracting(known).isEmpty)
      #expect(Set(target.kernels.keys).isDisjoint(with: target.reasons.keys))
    }
    let folder = Repository.root.appendingPathComponent("Sources/Operators")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    for case let file as URL in files ?? .init() where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(!text.contains("integer kernel"), "\(file.lastPathComponent)")
    }
  }
}
