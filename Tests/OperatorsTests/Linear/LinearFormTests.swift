import Foundation
import IR
import Kernels
import Operators
import TestSupport
import Testing

/// A linear operator with operands of small whole numbers; the activation's are positive.
struct LinearCase: CustomTestStringConvertible, Sendable {
  let type: String
  var domain = ""
  var attributes: [Attribute] = []
  let inputs: [Tensor?]
  let activation: Int
  let weight: Int
  /// Without the sums themselves as the output.
  var isPlain = true
  var outputs = 1

  var testDescription: String {
    "\(type) \(inputs.map { $0.map { "\($0.type)" } ?? "-" }) \(attributes.map(\.name))"
  }

  func op() throws -> any Operator {
    let view = NodeView(
      label: "\(type) 'test'", attributes: attributes, inputs: inputs.map { $0 != nil },
      outputs: [Bool](repeating: true, count: outputs))
    return try #require(
      try Registry.make(
        OperatorName(type, domain: domain), opset: domain.isEmpty ? 23 : 1, view))
  }

  /// The operator's form where all but the activation is constant.
  func form() throws -> LinearForm {
    let operands = inputs.enumerated().map { index, tensor in
      tensor.map {
        Operand(name: "x\(index)", type: $0.type, constant: index == activation ? nil : $0)
      }
    }
    return try #require(try op().linear(Inputs(label: type, operands)))
  }

  func output(replacing changes: [Int: Tensor] = [:]) throws -> Tensor {
    let inputs = inputs.enumerated().map { changes[$0] ?? $1 }
    return try #require(
      try evaluateConstant(op(), label: type, inputs: inputs, outputs: outputs))[0]
  }
}

private func floats(_ dimensions: [Int], _ value: (Int) -> Int) -> Tensor {
  Tensor(floats: (0..<dimensions.reduce(1, *)).map { Float(value($0)) }, dimensions)
}

private func bytes(_ dimensions: [Int], _ value: (Int) -> Int) -> Tensor {
  Tensor(
    .uint8, dimensions, Storage((0..<dimensions.reduce(1, *)).map { UInt8(value($0)) }))
}

private func data(_ dimensions: Int...) -> Tensor { floats(dimensions) { $0 * 7 % 3 + 1 } }
private func weights(_ dimensions: Int...) -> Tensor { floats(dimensions) { $0 * 5 % 4 } }
private func codes(_ dimensions: Int...) -> Tensor { bytes(dimensions) { $0 * 7 % 2 + 1 } }
private func codedWeights(_ dimensions: Int...) -> Tensor { bytes(dimensions) { $0 * 5 % 3 } }
private let one = Tensor(floats: [1], []), zero = bytes([]) { _ in 0 }
private func int32s(_ count: Int) -> Tensor {
  Tensor(.int32, [count], Storage((0..<count).map { Int32($0) }))
}
private func group(_ count: Int) -> Attribute { Attribute("group", .int(count)) }
private func flag(_ name: String) -> Attribute { Attribute(name, .int(1)) }

private let microsoft = "com.microsoft"

private let convolutions: [LinearCase] = [
  .init(
    type: "Conv", inputs: [data(2, 3, 4), weights(4, 3, 2), data(4)], activation: 0, weight: 1),
  .init(
    type: "Conv",
    attributes: [
      group(2), Attribute("pads", .ints([1, 0, 1, 1])), Attribute("strides", .ints([2, 1])),
      Attribute("dilations", .ints([1, 2])),
    ],
    inputs: [data(2, 4, 5, 6), weights(6, 2, 3, 2)], activation: 0, weight: 1),
  .init(
    type: "Conv", attributes: [group(3)], inputs: [data(1, 3, 4), weights(6, 1, 2), data(6)],
    activation: 0, weight: 1),
  .init(
    type: "ConvTranspose", inputs: [data(2, 3, 4), weights(3, 4, 2), data(4)], activation: 0,
    weight: 1),
  .init(
    type: "ConvTranspose",
    attributes: [
      group(2), Attribute("pads", .ints([1, 0, 0, 1])), Attribute("strides", .ints([2, 3])),
      Attribute("dilations", .ints([2, 1])), Attribute("output_padding", .ints([1, 0])),
    ],
    inputs: [data(2, 4, 3, 4), weights(4, 3, 3, 4), data(6)], activation: 0, weight: 1),
  .init(
    type: "ConvTranspose", attributes: [group(3)], inputs: [data(1, 3, 4), weights(3, 2, 2)],
    activation: 0, weight: 1),
  .init(
    type: "DeformConv",
    inputs: [data(1, 2, 4, 4), weights(3, 2, 1, 1), floats([1, 2, 4, 4]) { _ in 0 }, data(3)],
    activation: 0, weight: 1),
  .init(
    type: "ConvInteger", attributes: [group(2)], inputs: [codes(1, 4, 5), codedWeights(2, 2, 3)],
    activation: 0, weight: 1, isPlain: false),
  .init(
    type: "QLinearConv", attributes: [group(2)],
    inputs: [
      codes(1, 4, 5), one, zero, codedWeights(4, 2, 2), one, zero, one, zero, int32s(4),
    ], activation: 0, weight: 3, isPlain: false),
  .init(
    type: "FusedConv", domain: microsoft, attributes: [group(2)],
    inputs: [data(1, 4, 5), weights(4, 2, 2), data(4)], activation: 0, weight: 1),
  .init(
    type: "FusedConv", domain: microsoft,
    attributes: [Attribute("activation", .string(Array("Relu".utf8)))],
    inputs: [data(1, 4, 5), weights(2, 4, 2)], activation: 0, weight: 1, isPlain: false),
]

private let products: [LinearCase] = [
  .init(
    type: "Gemm", attributes: [flag("transB"), Attribute("alpha", .float(0.5))],
    inputs: [data(3, 4), weights(5, 4), data(5)], activation: 0, weight: 1),
  .init(
    type: "Gemm", attributes: [flag("transA"), Attribute("beta", .float(2))],
    inputs: [data(4, 3), weights(4, 5), data(5)], activation: 0, weight: 1),
  .init(
    type: "Gemm", attributes: [flag("transB")], inputs: [weights(2, 4), data(3, 4)], activation: 1,
    weight: 0),
  .init(
    type: "Gemm", attributes: [flag("transA")], inputs: [weights(4, 2), data(4, 3)], activation: 1,
    weight: 0),
  .init(type: "MatMul", inputs: [data(2, 3, 4), weights(4, 5)], activation: 0, weight: 1),
  .init(type: "MatMul", inputs: [weights(5, 4), data(2, 4, 3)], activation: 1, weight: 0),
  .init(type: "MatMul", inputs: [data(2, 4), weights(4)], activation: 0, weight: 1),
  .init(type: "MatMul", inputs: [weights(5, 4), data(4)], activation: 1, weight: 0),
  .init(type: "MatMul", inputs: [weights(4), data(4, 3)], activation: 1, weight: 0),
  .init(type: "MatMul", inputs: [data(2, 3, 4), weights(2, 4, 5)], activation: 0, weight: 1),
  .init(
    type: "MatMulInteger", inputs: [codes(2, 3, 4), codedWeights(4, 5)], activation: 0, weight: 1,
    isPlain: false),
  .init(
    type: "QLinearMatMul",
    inputs: [codes(3, 4), one, zero, codedWeights(4, 5), one, zero, one, zero], activation: 0,
    weight: 3, isPlain: false),
  .init(
    type: "FusedGemm", domain: microsoft, attributes: [flag("transB")],
    inputs: [data(3, 4), weights(5, 4), data(5)], activation: 0, weight: 1),
  .init(
    type: "FusedMatMul", domain: microsoft,
    attributes: [flag("transA"), flag("transB"), Attribute("alpha", .float(0.5))],
    inputs: [data(2, 4, 3), weights(5, 4)], activation: 0, weight: 1),
  .init(
    type: "FusedMatMul", domain: microsoft, attributes: [flag("transA"), flag("transB")],
    inputs: [weights(4, 5), data(2, 3, 4)], activation: 1, weight: 0),
  .init(
    type: "QGemm", domain: microsoft, attributes: [flag("transA"), flag("transB")],
    inputs: [codes(4, 3), one, zero, codedWeights(5, 4), one, zero, int32s(5)], activation: 0,
    weight: 3, isPlain: false),
  .init(
    type: "DynamicQuantizeMatMul", domain: microsoft,
    inputs: [data(3, 4), codedWeights(4, 5), one, zero, data(5)], activation: 0, weight: 1,
    isPlain: false),
  .init(
    type: "MatMulIntegerToFloat", domain: microsoft,
    inputs: [codes(3, 4), codedWeights(4, 5), one, one, zero, zero, data(5)], activation: 0,
    weight: 1, isPlain: false),
  .init(
    type: "MatMulNBits", domain: microsoft,
    attributes: [
      Attribute("K", .int(16)), Attribute("N", .int(3)), Attribute("bits", .int(8)),
      Attribute("block_size", .int(16)),
    ],
    inputs: [data(2, 16), codedWeights(3, 1, 16), data(3, 1), nil, nil, data(3)], activation: 0,
    weight: 1, isPlain: false),
]

private let normalizations: [LinearCase] = [
  .init(
    type: "BatchNormalization", inputs: [data(2, 3, 4), data(3), data(3), data(3), data(3)],
    activation: 0, weight: 1),
  .init(
    type: "InstanceNormalization", inputs: [data(2, 3, 4), data(3), data(3)], activation: 0,
    weight: 1),
  .init(
    type: "LayerNormalization", inputs: [data(2, 3, 4), data(4), data(4)], activation: 0, weight: 1),
  .init(type: "RMSNormalization", inputs: [data(2, 3, 4), data(4)], activation: 0, weight: 1),
]

@Suite("Linear operators")
struct LinearFormTests {
  static let all = convolutions + products + normalizations

  /// The tensor with one element raised by 1.
  private func raised(_ tensor: Tensor, at place: Int) throws -> Tensor {
    if tensor.elementType == .float, var values = tensor.floats {
      values[place] += 1
      return Tensor(floats: values, tensor.dimensions)
    }
    var values = try #require(tensor.integers)
    values[place] += 1
    if tensor.elementType == .int32 {
      return Tensor(.int32, tensor.dimensions, Storage(values.map { Int32($0) }))
    }
    return bytes(tensor.dimensions) { values[$0] }
  }

  private func numbers(_ tensor: Tensor) throws -> [Double] { try #require(tensor.doubles) }

  /// The channels of the output in which two results differ; [0] where there is no axis of channels.
  private func channels(_ a: Tensor, _ b: Tensor, _ axis: Int?) throws -> Set<Int> {
    let place = LinearForm.place(axis, rank: a.dimensions.count)
    let inner = place.map { a.dimensions[($0 + 1)...].reduce(1, *) } ?? 1
    let length = place.map { a.dimensions[$0] } ?? 1
    let (x, y) = (try numbers(a), try numbers(b))
    return Set(x.indices.filter { abs(x[$0] - y[$0]) > 1e-5 }.map { $0 / inner % length })
  }

  @Test(
    "An element of the weight leads to the channel that its place says",
    arguments: LinearFormTests.all)
  func outputChannels(_ test: LinearCase) throws {
    let form = try test.form()
    #expect(form.activation == test.activation && form.weight == test.weight)
    #expect(form.isPlain == test.isPlain)
    let weight = try #require(test.inputs[form.weight]), before = try test.output()
    let layout = WeightLayout(form, dimensions: weight.dimensions)
    let inner = form.weightOutput.map { weight.dimensions[($0 + 1)...].reduce(1, *) } ?? 1
    let length = form.weightOutput.map { weight.dimensions[$0] } ?? 1
    for place in 0..<weight.count {
      let after = try test.output(replacing: [form.weight: raised(weight, at: place)])
      let expected = layout?.channels(at: place).output ?? place / inner % length
      let changed = try channels(before, after, form.outputAxis)
      // What is normalised may be 0 somewhere, and a kernel's element may see padding alone.
      #expect(changed == [expected], "element \(place)")
    }
    guard let layout else { return }
    let places = (0..<layout.outputs).flatMap { output in
      (0..<layout.length).map { layout.place(output: output, column: $0) }
    }
    #expect(places.sorted() == Array(0..<weight.count))
    #expect(
      layout.channels(at: layout.place(output: layout.outputs - 1, column: 0)).output
        == layout.outputs - 1)
  }

  @Test(
    "An element of the weight multiplies the channel that its place says",
    arguments: LinearFormTests.all)
  func inputChannels(_ test: LinearCase) throws {
    let form = try test.form()
    guard form.kind != .scaling, let weight = test.inputs[form.weight],
      let layout = WeightLayout(form, dimensions: weight.dimensions),
      let activation = test.inputs[form.activation],
      let axis = LinearForm.place(form.activationAxis, rank: activation.dimensions.count)
    else { return }
    let inner = activation.dimensions[(axis + 1)...].reduce(1, *)
    #expect(activation.dimensions[axis] == layout.inputs * layout.groups)
    for place in 0..<weight.count {
      let (_, input) = layout.channels(at: place)
      // All is zero but this channel, and then this channel alone.
      for isAlone in [true, false] {
        let values = try numbers(activation).enumerated().map { index, value in
          (index / inner % activation.dimensions[axis] == input) == isAlone ? Int(value) : 0
        }
        let masked =
          activation.elementType == .float
          ? floats(activation.dimensions) { values[$0] }
          : bytes(activation.dimensions) { values[$0] }
        let before = try test.output(replacing: [form.activation: masked])
        let after = try test.output(
          replacing: [form.activation: masked, form.weight: raised(weight, at: place)])
        #expect(try channels(before, after, form.outputAxis).isEmpty != isAlone, "element \(place)")
      }
    }
  }

  @Test("An element of the bias is added to its channel", arguments: LinearFormTests.all)
  func biases(_ test: LinearCase) throws {
    let form = try test.form()
    guard let slot = form.bias?.slot, let bias = test.inputs[safe: slot] ?? nil else { return }
    let before = try test.output()
    for channel in 0..<bias.count {
      let after = try test.output(replacing: [slot: raised(bias, at: channel)])
      #expect(try channels(before, after, form.outputAxis) == [channel])
    }
  }

  @Test(
    "Rows of the weight times patches of the activation are the output",
    arguments: LinearFormTests.all)
  func patches(_ test: LinearCase) throws {
    let form = try test.form()
    guard form.isPlain, let weight = test.inputs[form.weight],
      let activation = test.inputs[form.activation],
      let layout = WeightLayout(form, dimensions: weight.dimensions),
      let patches = form.patches(activation: activation.dimensions, weight: weight.dimensions)
    else { return }
    let y = try test.output(), values = try numbers(y), w = try numbers(weight)
    let x = try #require(activation.floats)
    let rows = x.withUnsafeBufferPointer { patches.rows(Array(0..<patches.count), of: $0) }
    #expect(patches.length == layout.length)
    #expect(patches.count * layout.outputs == y.count)
    let axis = LinearForm.place(form.outputAxis, rank: y.dimensions.count)
    let inner = axis.map { y.dimensions[($0 + 1)...].reduce(1, *) } ?? 1
    let bias = try form.bias.flatMap { test.inputs[safe: $0.slot] ?? nil }.map { try numbers($0) }
    for output in 0..<layout.outputs {
      let group = output / (layout.outputs / layout.groups)
      for row in 0..<patches.count {
        var sum = 0.0
        for column in 0..<layout.length {
          sum +=
            w[layout.place(output: output, column: column)]
            * Double(rows[(group * patches.count + row) * layout.length + column])
        }
        let expected = form.alpha * sum + (form.bias?.factor ?? 1) * (bias?[output] ?? 0)
        let place = (row / inner * layout.outputs + output) * inner + row % inner
        #expect(abs(values[place] - expected) < 1e-4, "channel \(output), row \(row)")
      }
    }
  }

  @Test("Every operator that states a form has a case, and those that recovery solves have patches")
  func complete() throws {
    let folder = Repository.root.appendingPathComponent("Sources/Operators/Ops")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    let stated = try (files?.compactMap { $0 as? URL } ?? []).filter {
      try $0.pathExtension == "swift"
        && String(contentsOf: $0, encoding: .utf8).contains("func linear(_ inputs")
    }.map { $0.deletingPathExtension().lastPathComponent.replacing("Microsoft+", with: "") }
    #expect(!stated.isEmpty)
    #expect(Set(stated).subtracting(Self.all.map(\.type)).isEmpty)
    for test in Self.all where test.isPlain {
      let form = try test.form()
      guard form.kind != .scaling, form.stackAxes == 0, test.type != "DeformConv" else { continue }
      #expect(
        form.patches(
          activation: test.inputs[form.activation]?.dimensions ?? [],
          weight: test.inputs[form.weight]?.dimensions ?? []) != nil, "\(test.testDescription)")
    }
  }
}
