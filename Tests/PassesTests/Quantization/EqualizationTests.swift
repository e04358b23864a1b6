import Execution
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Channels of very different reach, evened out between the layers that make and read them.
@Suite struct EqualizationTests {
  /// What stands between a convolution and the next.
  enum Between: String, CaseIterable {
    case relu, leaky, parametric, six, thousand, pool, depthwise, sum, sigmoid, output
  }

  private static let channels = 8

  /// Two convolutions; the first makes one channel that is `spread` times as large as the others.
  private func model(_ between: Between, spread: Float) -> Model {
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 3, 8, 8])
    let count = Self.channels
    func uneven(_ shape: [Int], seed: Int) -> Tensor {
      let size = shape.reduce(1, *), row = size / count
      return Tensor(
        floats: (0..<size).map { place in
          (Float(((spread == 1 ? place % row : place) * 37 + seed * 101) % 211) / 1055 - 0.1)
            * (place / row == 3 ? spread : 1)
        }, shape)
    }
    let weight = net.constant("w", uneven([count, 3, 3, 3], seed: 5))
    let bias = net.constant("b", uneven([count], seed: 6))
    var y = net.node("Conv", "first", [x, weight, bias], [Attribute("pads", .ints([1, 1, 1, 1]))])
    switch between {
    case .relu: y = net.node("Relu", "act", [y])
    case .leaky: y = net.node("LeakyRelu", "act", [y])
    case .parametric:
      let slope = net.constant(
        "slope", Tensor(floats: (0..<count).map { Float($0) / 20 }, [count, 1, 1]))
      y = net.node("PRelu", "act", [y, slope])
    case .six, .thousand:
      let bounds = [0, between == .six ? 6 : 1000].map { bound in
        net.constant("to\(bound)", Tensor(floats: [bound], []))
      }
      y = net.node("Clip", "act", [y] + bounds)
    case .pool:
      y = net.node(
        "MaxPool", "pool", [net.node("Relu", "act", [y])],
        [Attribute("kernel_shape", .ints([2, 2])), Attribute("strides", .ints([2, 2]))])
    case .depthwise:
      y = net.node("Relu", "act", [y])
      y = net.node(
        "Conv", "depth",
        [y, net.weight("wd", [count, 1, 3, 3], seed: 9), net.weight("bd", [count], seed: 10)],
        [Attribute("group", .int(count)), Attribute("pads", .ints([1, 1, 1, 1]))])
      y = net.node("Relu", "act2", [y])
    case .sum:
      y = net.node("Add", "sum", [net.node("Relu", "act", [y]), net.node("Relu", "act2", [y])])
    case .sigmoid: y = net.node("Sigmoid", "act", [y])
    case .output:
      y = net.node("Relu", "act", [y])
      net.output(y)
    }
    // What reads the large channel has small weights for it, so that all channels matter.
    let outputs = 5
    let last = (0..<outputs * count).map { place in
      (Float((place * 53 + 17) % 97) / 97 - 0.5) / (place % count == 3 ? spread : 1)
    }
    let reader = net.constant("w2", Tensor(floats: last, [outputs, count, 1, 1]))
    net.output(net.node("Conv", "second", [y, reader]))
    return net.model()
  }

  private func samples(_ model: Model) throws -> [[String: Tensor]] {
    let shapes = try SampleShapes.first(for: model)
    return try (1...6).map { try SeededInputs.make(for: model.graph, shapes: shapes, seed: $0) }
  }

  private func signal(_ model: Model, even: Bool) throws -> (Double, Quantizer) {
    let samples = try samples(model), run = SampleRun(samples: samples)
    var quantizer = try Quantizer(model, QuantizationOptions())
    if even { quantizer = try quantizer.smoothed(on: run, options: SessionOptions()) }
    let result = try quantizer.quantize(try quantizer.calibrate(on: run))
    var sums = ComparisonSums()
    for sample in samples {
      let a = try #require(try Session(model).run(sample)["second_out"])
      let b = try #require(try Session(result.model).run(sample)["second_out"])
      try sums.add(reference: a, candidate: b)
    }
    return (sums.comparison.sqnr, quantizer)
  }

  @Test(
    "A layer takes the factors of what it makes, and no node is added",
    arguments: [Between.relu, .leaky, .parametric, .thousand, .pool, .depthwise])
  func folded(_ between: Between) throws {
    let model = model(between, spread: 40)
    let plain = try signal(model, even: false), even = try signal(model, even: true)
    #expect(even.0 > plain.0 + 3, "\(plain.0) \(even.0)")
    #expect(even.1.model.graph.nodeIDs.count == plain.1.model.graph.nodeIDs.count)
    #expect(even.1.smoothing.values.allSatisfy { $0.layer != nil })
    #expect(even.1.smoothing.values.first?.layer == "Conv 'first'")
    // Before it is quantized the model computes what it did.
    for sample in try samples(model) {
      let a = try #require(try Session(model).run(sample)["second_out"]?.floats)
      let b = try #require(try Session(even.1.model).run(sample)["second_out"]?.floats)
      let reach = a.map(\.magnitude).max() ?? 0
      for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-5 * reach) }
    }
  }

  @Test(
    "Nothing is divided whose channels something else reads, bends or clamps",
    arguments: [Between.sum, .sigmoid, .output, .six])
  func refused(_ between: Between) throws {
    let (_, quantizer) = try signal(model(between, spread: 40), even: true)
    #expect(quantizer.smoothing.values.filter { $0.value != "sum_out" }.isEmpty)
  }

  @Test("Even channels stay as they are")
  func even() throws {
    let (_, quantizer) = try signal(model(.parametric, spread: 1), even: true)
    #expect(quantizer.smoothing.values.isEmpty)
  }

  @Test("Plans replay the factors of layers")
  func replay() throws {
    let model = model(.depthwise, spread: 40), run = SampleRun(samples: try samples(model))
    let quantizer = try Quantizer(model, QuantizationOptions())
      .smoothed(on: run, options: SessionOptions())
    let result = try quantizer.quantize(try quantizer.calibrate(on: run))
    let plan = try QuantizationPlan(json: try result.plan.json())
    let again = try Quantizer(model, QuantizationOptions(), smoothing: try #require(plan.smoothing))
      .apply(plan, modelHash: "")
    #expect(again.model.text(tensorLimit: 100) == result.model.text(tensorLimit: 100))
  }
}
