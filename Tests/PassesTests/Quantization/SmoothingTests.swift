import Execution
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Channels of very different reach, evened out before products.
@Suite struct SmoothingTests {
  /// A normalisation whose channels differ by a factor, read by two products and by a sum.
  private func model(spread: Float) -> Model {
    var net = Network()
    let x = net.input("x", [1, 5, 16])
    let scale = net.weight("g", [16], seed: 3)
    let uneven = Tensor(floats: (0..<16).map { $0 == 4 ? spread : 1 }, [16])
    let a = net.node("Tanh", "tanh", [x])
    let b = net.node("Mul", "uneven", [a, net.constant("u", uneven)])
    let c = net.node("Tanh", "half", [net.node("Mul", "scaled", [a, scale])])
    let p = net.node("MatMul", "p", [b, net.weight("wp", [16, 8], seed: 4)])
    let q = net.node("MatMul", "q", [b, net.weight("wq", [16, 16], seed: 5)])
    net.output(net.node("Tanh", "tp", [p]), [1, 5, 8])
    net.output(net.node("Add", "sum", [q, net.node("Add", "all", [b, c])]), [1, 5, 16])
    return net.model()
  }

  private func samples(_ model: Model) throws -> [[String: Tensor]] {
    let shapes = try SampleShapes.first(for: model)
    return try (1...8).map { try SeededInputs.make(for: model.graph, shapes: shapes, seed: $0) }
  }

  private func signal(_ model: Model, smooth: Bool) throws -> (Double, QuantizationPlan) {
    let samples = try samples(model), run = SampleRun(samples: samples)
    var quantizer = try Quantizer(model, QuantizationOptions())
    if smooth { quantizer = try quantizer.smoothed(on: run, options: SessionOptions()) }
    let plan = try quantizer.plan(try quantizer.calibrate(on: run))
    let result = try quantizer.quantize(try quantizer.fit(plan, on: run, options: SessionOptions()))
    var sums = ComparisonSums()
    for sample in samples {
      let a = try #require(try Session(model).run(sample)["tp_out"])
      let b = try #require(try Session(result.model).run(sample)["tp_out"])
      try sums.add(reference: a, candidate: b)
    }
    return (sums.comparison.sqnr, result.plan)
  }

  @Test("Where one channel drowns the others, evening out gives the products their bits back")
  func uneven() throws {
    let model = model(spread: 60)
    let plain = try signal(model, smooth: false), even = try signal(model, smooth: true)
    #expect(even.0 > plain.0 + 6, "\(plain.0) \(even.0)")
    #expect(plain.1.smoothing == nil)
    #expect(even.1.smoothing?.values.map(\.value) == ["uneven_out"])
  }

  @Test("Even channels stay as they are")
  func even() throws {
    let model = model(spread: 1)
    let quantizer = try Quantizer(model, QuantizationOptions())
      .smoothed(on: SampleRun(samples: try samples(model)), options: SessionOptions())
    #expect(quantizer.smoothing.values.isEmpty)
  }

  @Test("A plan holds the factors and replays; factors for another model are refused")
  func replay() throws {
    let model = model(spread: 60), samples = try samples(model)
    let run = SampleRun(samples: samples)
    let quantizer = try Quantizer(model, QuantizationOptions())
      .smoothed(on: run, options: SessionOptions())
    // The model itself computes what it did.
    for sample in samples {
      let a = try #require(try Session(model).run(sample)["sum_out"]?.floats)
      let b = try #require(try Session(quantizer.model).run(sample)["sum_out"]?.floats)
      for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-4 * max(1, abs(x))) }
    }
    let result = try quantizer.quantize(try quantizer.calibrate(on: run))
    let plan = try QuantizationPlan(json: try result.plan.json())
    let smoothing = try #require(plan.smoothing)
    let again = try Quantizer(model, QuantizationOptions(), smoothing: smoothing)
      .apply(plan, modelHash: "")
    #expect(again.model.text(tensorLimit: 100) == result.model.text(tensorLimit: 100))
    var other = Network()
    other.output(other.node("Tanh", "t", [other.input("x", [1, 3])]), [1, 3])
    #expect(throws: ModelError.self) {
      try Quantizer(other.model(), QuantizationOptions(), smoothing: smoothing)
    }
  }
}
