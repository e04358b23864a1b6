import Execution
import Foundation
import IR
import Operators
import Passes
import Samples
import TestSupport
import Testing

/// Quantizes with ranges from four seeded samples.
func quantize(
  _ model: Model, _ configure: (inout QuantizationOptions) -> Void = { _ in }
) throws -> Quantizer.Result {
  var options = QuantizationOptions()
  configure(&options)
  let quantizer = try Quantizer(model, options)
  let shapes = try SampleShapes.first(for: model)
  let samples = try (1...4).map {
    try SeededInputs.make(for: model.graph, shapes: shapes, seed: $0)
  }
  let statistics = try quantizer.calibrate(on: SampleRun(samples: samples))
  #expect(statistics.samples == 4)
  let result = try quantizer.quantize(statistics)
  try result.model.graph.checkInvariants()
  _ = try inferTypes(result.model)
  return result
}

extension Quantizer.Result {
  /// Why a node stays in float; nil when it is integer.
  func reason(_ node: String) -> String? {
    entries.first { $0.node.hasSuffix("'\(node)'") }.map { $0.reason ?? "" }
  }

  /// The nodes that stay in float, with the reason.
  var floats: [String] {
    entries.compactMap { entry in entry.reason.map { "\(entry.node): \($0)" } }
  }
}

/// Which nodes become integer, and why others do not.
@Suite struct QuantizationSchemeTests {
  @Test("Conv absorbs the Relu that alone reads it: no parameters in between")
  func absorption() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.node("Relu", "relu1", [net.conv("conv1", x, 3, 4)])
    net.output(net.node("Flatten", "flat", [net.conv("conv2", a, 4, 4)]))
    let result = try quantize(net.model())
    #expect(result.floats == ["Flatten 'flat': its result is a graph output"])
    let graph = result.model.graph
    let relu = try result.model.node("relu1")
    #expect(graph[try #require(relu.inputs[0])].producer.map { graph[$0].type } == "Conv")
    #expect(zeroPoint(result.model, after: "relu1") == 0)
  }

  @Test("An operator whose input a later reader has quantized is computed in integers too")
  func laterReader() throws {
    var net = Network()
    let x = net.input("x", [1, 4, 4, 4])
    let pool = net.node("GlobalAveragePool", "pool", [x])
    let gate = net.node("Sigmoid", "gate", [net.conv("conv1", pool, 4, 4, kernel: 1)])
    let scaled = net.node("Mul", "scaled", [x, gate])
    net.output(net.node("Flatten", "flat", [net.conv("conv2", scaled, 4, 4)]))
    let result = try quantize(net.model())
    #expect(result.floats == ["Flatten 'flat': its result is a graph output"])
    let input = try #require(try result.model.node("pool").inputs[0])
    #expect(
      result.model.graph[input].producer.map { result.model.graph[$0].type } == "DequantizeLinear")
  }

  /// The zero-point that a node's result is quantized with.
  private func zeroPoint(_ model: Model, after name: String) -> Int? {
    parameters(model, after: name)?.1
  }

  /// Scale and zero-point that a node's first result is quantized with.
  private func parameters(_ model: Model, after name: String) -> (Float, Int)? {
    let graph = model.graph
    guard let output = try? model.node(name).outputs[0],
      let reader = graph[output].uses.compactMap(\.node).first(where: {
        graph[$0].type == "QuantizeLinear"
      }),
      let scale = graph[reader].inputs[1].flatMap({ graph.constant($0)?.floats?[0] }),
      let zero = graph[reader].inputs[2].flatMap({ graph.constant($0)?.integers?[0] })
    else { return nil }
    return (scale, zero)
  }

  @Test("A Relu whose input somebody else reads stays float between integers")
  func twoReaders() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4)
    let b = net.conv("conv2", net.node("Relu", "relu", [a]), 4, 4)
    net.output(net.conv("conv3", net.node("Add", "add", [a, b]), 4, 2))
    let result = try quantize(net.model())
    #expect(result.reason("relu") == "other nodes read 'conv1_out' too")
    #expect(result.reason("add") == "")
    // One pair behind the convolution serves both of its readers.
    let graph = result.model.graph
    let output = try #require(result.model.node("conv1").outputs[0])
    #expect(graph[output].uses.count == 1)
    let relu = try #require(result.model.node("relu").inputs[0])
    let add = try #require(result.model.node("add").inputs[0])
    #expect(relu == add && graph[relu].producer.map { graph[$0].type } == "DequantizeLinear")
  }

  @Test("Relu6 as Clip is absorbed, and the range lies within it")
  func clip() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let low = net.constant("low", Tensor(floats: [0], []))
    let high = net.constant("high", Tensor(floats: [6], []))
    let a = net.conv("conv1", x, 3, 4, strengths: [9, 9, 9, 9])
    let b = net.node("Clip", "clip", [a, low, high])
    net.output(net.conv("conv2", b, 4, 4))
    let result = try quantize(net.model())
    #expect(result.floats == [])
    let (scale, zero) = try #require(parameters(result.model, after: "clip"))
    #expect(zero == 0 && scale == Float(6.0 / 255))
  }

  @Test("A Clip that is open below ends in the range of its values; one that cannot be is float")
  func openClip() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let high = net.constant("high", Tensor(floats: [6], []))
    net.output(
      net.conv("conv2", net.node("Clip", "clip", [net.conv("conv1", x, 3, 4), nil, high]), 4, 4))
    let bound = net.input("bound", [])
    let c = net.conv("conv3", x, 3, 4)
    net.output(net.conv("conv4", net.node("Clip", "dynamic", [c, bound]), 4, 4))
    let result = try quantize(net.model())
    #expect(result.reason("clip") == "")
    #expect(result.reason("dynamic") == "the bounds of Clip are not constant")
  }

  @Test("MaxPool and Flatten take the parameters of what they read")
  func passThrough() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.node("Relu", "relu", [net.conv("conv1", x, 3, 4)])
    let b = net.node(
      "MaxPool", "pool", [a],
      [Attribute("kernel_shape", .ints([2, 2])), Attribute("strides", .ints([2, 2]))])
    net.output(net.gemm("fc", net.node("Flatten", "flat", [b]), 16, 3))
    let result = try quantize(net.model())
    #expect(result.floats == [])
    let relu = try #require(parameters(result.model, after: "relu"))
    for name in ["pool", "flat"] {
      let own = try #require(parameters(result.model, after: name))
      #expect(own == relu, "\(name)")
    }
  }

  @Test("Concat and Add take inputs of their own scales")
  func freeScales() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4), b = net.conv("conv2", x, 3, 4, strengths: [9, 9, 9, 9])
    let c = net.node("Concat", "join", [a, b], [Attribute("axis", .int(1))])
    net.output(net.conv("conv3", net.node("Add", "add", [c, c]), 8, 2))
    let result = try quantize(net.model())
    #expect(result.floats == [])
    let first = try #require(parameters(result.model, after: "conv1"))
    let second = try #require(parameters(result.model, after: "conv2"))
    let joined = try #require(parameters(result.model, after: "join"))
    #expect(second.0 > 3 * first.0)
    #expect(joined.0 >= second.0)
  }

  @Test("A constant operand is stored in the activations' type")
  func constantOperand() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    // Along the height, so that no convolution can take it in.
    let c = net.constant("c", Tensor(floats: [-1, 0, 1, 3], [4, 1]))
    let a = net.node("Mul", "mul", [net.conv("conv1", x, 3, 4), c])
    net.output(net.conv("conv2", a, 4, 2))
    let result = try quantize(net.model())
    #expect(result.floats == [])
    #expect(result.model.constant("c") == nil)
    let stored = try #require(result.model.constant("c_quantized"))
    // Range [-1, 3]: scale 4/255, zero-point rne(63.75) = 64.
    #expect(stored.elementType == .uint8 && stored.integers == [0, 64, 128, 255])
  }

  @Test("Excluded by name, by pattern or by operator: float, with no parameters of its own")
  func exclusion() throws {
    for pattern in ["conv2", "*onv2", "conv2_out"] {
      var net = Network()
      let x = net.input("x", [1, 3, 4, 4])
      let a = net.node("Relu", "relu1", [net.conv("conv1", x, 3, 4)])
      let b = net.node("Relu", "relu2", [net.conv("conv2", a, 4, 4)])
      net.output(net.conv("conv3", b, 4, 2))
      let result = try quantize(net.model()) { $0.exclude = [pattern] }
      #expect(
        result.floats == [
          "Conv 'conv2': excluded by '\(pattern)'", "Relu 'relu2': its input is not quantized",
        ])
      #expect(result.model.constant("conv2.w")?.elementType == .float)
      #expect(parameters(result.model, after: "conv2") == nil)
    }
  }

  @Test(
    "Older operator sets are raised to a scale a channel, and where that fails keep one a weight")
  func opsets() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let conv = net.conv("conv1", x, 3, 4, strengths: [1, 2, 4, 8])
    var ending = net
    net.output(conv)
    for opset in [9, 11, 13] {
      let raised = try quantize(net.model(opset: opset))
      #expect(raised.model.opset() == 13)
      #expect(raised.model.constant("conv1.w_scale")?.dimensions == [4])
    }
    // This way to choose coordinates ended with operator set 13.
    let scales = ending.constant("scales", Tensor(floats: [1, 1, 2, 2], [4]))
    let roi = ending.constant("roi", Tensor(floats: [], [0]))
    let mode = Attribute(
      "coordinate_transformation_mode", .string(Array("tf_half_pixel_for_nn".utf8)))
    ending.output(ending.node("Resize", "resize", [conv, roi, scales], [mode]))
    let quantizer = try Quantizer(ending.model(opset: 11), QuantizationOptions())
    #expect(quantizer.notes.contains { $0.hasPrefix("each weight takes one scale") })
    let old = try quantize(ending.model(opset: 11))
    #expect(old.model.constant("conv1.w_scale")?.dimensions == [])
    #expect(old.model.constant("conv1.b_scale")?.dimensions == [])
    #expect(old.model.constant("conv1.b_quantized")?.dimensions == [4])
  }

  @Test("A weight computed in the graph, and a transposed product, stay float")
  func notConstant() throws {
    var net = Network()
    let x = net.input("x", [4, 4]), w = net.input("w", [4, 4])
    net.output(net.node("Gemm", "dynamic", [x, w]))
    net.output(
      net.node("Gemm", "turned", [x, net.trained("t", [4, 4])], [Attribute("transA", .int(1))]))
    net.output(net.node("Neg", "neg", [x]))
    let result = try quantize(net.model())
    #expect(result.reason("dynamic") == "its weight is not a constant of type float")
    #expect(result.reason("turned") == "transA is not 0")
    #expect(result.reason("neg")?.isEmpty == false)
    #expect(!result.model.operators.contains("QuantizeLinear"))
  }

  @Test("Statistics without a needed range are refused by the value's name")
  func missingRange() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    net.output(net.conv("conv1", x, 3, 4))
    let quantizer = try Quantizer(net.model(), QuantizationOptions())
    let sample = try SeededInputs.make(for: net.graph, shapes: [[1, 3, 4, 4]], seed: 1)
    var statistics = try quantizer.calibrate(on: SampleRun(samples: [sample]))
    #expect(statistics.values.keys.sorted() == ["conv1_out", "x"])
    #expect(try CalibrationStatistics(json: statistics.json()) == statistics)
    let text = String(decoding: try statistics.json(), as: UTF8.self)
    statistics = try CalibrationStatistics(
      json: Array(text.replacingOccurrences(of: "\"x\":", with: "\"other\":").utf8))
    let error = #expect(throws: ModelError.self) { try quantizer.quantize(statistics) }
    #expect(error?.message.contains("'x'") == true)
    #expect(throws: ModelError.self) { try quantizer.calibrate(on: SampleRun(samples: [])) }
  }

  @Test("Activations take 16 bits where the profile has them, and lose less")
  func wide() throws {
    var net = Network()
    let x = net.input("x", [2, 4, 6, 6])
    let hidden = net.node("Sigmoid", "sigmoid", [net.conv("a", x, 4, 8, kernel: 3)])
    net.output(net.conv("b", hidden, 8, 4))
    let model = net.model(opset: 13)
    func signal(_ wide: Bool) throws -> Double {
      let result = try quantize(model) {
        $0.profile = .qnn
        $0.hasWideActivations = wide
      }
      #expect(result.model.opset() == (wide ? 21 : 13))
      #expect(result.plan.hasWideActivations == wide)
      #expect(Set(result.plan.values.map(\.type)) == [wide ? "uint16" : "uint8"])
      let lint = try IntegerLint(result.model, for: .qnn)
      #expect(lint.findings.allSatisfy { $0.rule == nil }, "\(lint.findings)")
      let data = try Dataset.load("random:4", for: model, seed: 9)
      return try ModelComparison(model, result.model, on: data).sqnr
    }
    #expect(try signal(true) > signal(false))
    #expect(throws: ModelError.self) { try quantize(model) { $0.hasWideActivations = true } }
  }
}
