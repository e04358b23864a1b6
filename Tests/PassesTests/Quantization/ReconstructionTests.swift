import Execution
import Foundation
import IR
import Kernels
import Operators
import Passes
import Samples
import TestSupport
import Testing

/// Weights and biases fitted to calibration data.
@Suite struct ReconstructionTests {
  /// Rows whose elements depend on each other.
  private func rows(_ count: Int, _ length: Int) -> [Float] {
    var generator = SplitMix64(seed: 8)
    return (0..<count).flatMap { _ in
      let common = generator.normal()
      return (0..<length).map { _ in common + 0.3 * generator.normal() + 0.5 }
    }
  }

  private func loss(_ x: [Float], _ w: [Float], _ q: [Int16], _ scale: Float) -> Double {
    let length = w.count
    return stride(from: 0, to: x.count, by: length).reduce(0) { sum, start in
      let error = (0..<length).reduce(0.0) {
        $0 + Double(x[start + $1]) * Double(w[$1] - Float(q[$1]) * scale)
      }
      return sum + error * error
    }
  }

  @Test(
    "Weights rounded together lose less of their products than each by itself, and keep to limits")
  func sequential() throws {
    let length = 24
    let x = rows(500, length)
    var gram = GramSums(length: length, squares: true)
    gram.add(x[...])
    let rounding = try #require(SequentialRounding(gram))
    var generator = SplitMix64(seed: 2)
    let partners = (0..<length).map { [$0 ^ 1] }
    let ranges = Array(repeating: -7...7, count: length)
    var sums = (chosen: 0.0, nearest: 0.0)
    for _ in 0..<20 {
      let w = (0..<length).map { _ in generator.normal() }
      let scale = (w.map { abs($0) }.max() ?? 1) / 7
      let nearest = w.map { Int16(min(max(($0 / scale).rounded(.toNearestOrEven), -7), 7)) }
      let chosen = rounding.round(
        w, scales: Array(repeating: scale, count: length), .init(ranges: ranges))
      #expect(chosen.allSatisfy { abs($0) <= 7 })
      let losses = (loss(x, w, chosen, scale), loss(x, w, nearest, scale))
      // One by one rounding may hit a row by chance; then it stays.
      #expect(losses.0 <= losses.1 * 1.02)
      sums.chosen += losses.0
      sums.nearest += losses.1
      let paired = rounding.round(
        w, scales: Array(repeating: scale, count: length),
        .init(ranges: ranges, pairPeak: 8, partners: partners))
      for place in stride(from: 0, to: length, by: 2) {
        #expect(abs(Int(paired[place]) + Int(paired[place + 1])) <= 8)
      }
    }
    #expect(sums.chosen < 0.2 * sums.nearest, "\(sums)")
  }

  @Test("Sums of parts merge to the sums of all rows, however these come")
  func merging() {
    let x = rows(1300, 5)
    var whole = GramSums(length: 5, squares: true)
    whole.add(x[...])
    var first = GramSums(length: 5, squares: true), second = first
    first.add(x[..<(700 * 5)])
    second.add(x[(700 * 5)...])
    second.merge(first)
    #expect(second.count == 1300)
    for (a, b) in zip(whole.products, second.products) { #expect(abs(a - b) < 1e-3 * abs(a)) }
    for (a, b) in zip(whole.sums, second.sums) { #expect(abs(a - b) < 1e-6 * abs(a)) }
  }

  @Test("Biases take back what rounding shifts on average, also where there was none")
  func biases() throws {
    for hasBias in [true, false] {
      var net = Network()
      let x = net.input("x", [1, 8])
      let w = net.weight("w", [3, 8], seed: 5)
      let b = hasBias ? [net.weight("b", [3], seed: 6)] : []
      net.output(net.node("Gemm", "fc", [x, w] + b, [Attribute("transB", .int(1))]), [1, 3])
      let model = net.model()
      let samples = (0..<40).map { index in
        ["x": Tensor(floats: (0..<8).map { Float(index % 7 + $0) / 8 + 1 }, [1, 8])]
      }
      func shift(_ corrects: Bool) throws -> Double {
        var options = QuantizationOptions()
        options.correctsBias = corrects
        options.weightBits = 3
        let quantizer = try Quantizer(model, options)
        let run = SampleRun(samples: samples)
        let plan = try quantizer.plan(try quantizer.calibrate(on: run))
        let fitted = try quantizer.fit(plan, on: run, options: SessionOptions())
        let result = try quantizer.quantize(fitted)
        // The plan holds the biases, so that it replays.
        let again = try quantizer.apply(
          try QuantizationPlan(json: try fitted.plan.json()), modelHash: "")
        #expect(again.model.text(tensorLimit: 100) == result.model.text(tensorLimit: 100))
        var sum = [Double](repeating: 0, count: 3)
        for sample in samples {
          let a = try #require(try Session(model).run(sample)["fc_out"]?.floats)
          let c = try #require(try Session(result.model).run(sample)["fc_out"]?.floats)
          for index in 0..<3 { sum[index] += Double(a[index] - c[index]) / 40 }
        }
        return sum.map { abs($0) }.max() ?? 0
      }
      let before = try shift(false), after = try shift(true)
      #expect(after < 0.2 * before && after < 0.05, "\(before) \(after)")
    }
  }

  @Test("Weights of four bits rounded together come closer to the float model")
  func fourBits() throws {
    var net = Network()
    let x = net.input("x", [1, 6, 8, 8])
    let a = net.node("Relu", "relu", [net.conv("conv1", x, 6, 8)])
    net.output(net.conv("conv2", a, 8, 4))
    let model = net.model()
    let shapes = try SampleShapes.first(for: model)
    let samples = try (1...12).map {
      try SeededInputs.make(for: model.graph, shapes: shapes, seed: $0)
    }
    func signal(_ rounding: QuantizationOptions.Rounding) throws -> Double {
      var options = QuantizationOptions()
      options.rounding = rounding
      options.weightBits = 4
      let quantizer = try Quantizer(model, options)
      let run = SampleRun(samples: samples)
      let plan = try quantizer.plan(try quantizer.calibrate(on: run))
      let result = try quantizer.quantize(
        try quantizer.fit(plan, on: run, options: SessionOptions()))
      let value = try #require(result.model.graph.value(named: "conv2.w_quantized"))
      let weights = try #require(
        try inferTypes(result.model).unpackedConstant(value)?.integers)
      #expect(weights.allSatisfy { abs($0) <= 7 })
      var sums = ComparisonSums()
      for sample in samples {
        let a = try #require(try Session(model).run(sample).values.first)
        let b = try #require(try Session(result.model).run(sample).values.first)
        try sums.add(reference: a, candidate: b)
      }
      return sums.comparison.sqnr
    }
    #expect(try signal(.gptq) > signal(.nearest) + 1)
  }
}
