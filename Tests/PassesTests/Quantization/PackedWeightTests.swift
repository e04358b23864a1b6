import Execution
import IR
import Operators
import Passes
import Samples
import TestSupport
import Testing

/// Weights of 4 bits in QDQ form (quantization.md, "Weights of 4 bits").
@Suite struct PackedWeightTests {
  private func network() -> Model {
    var net = Network()
    let x = net.input("x", [1, 6, 8, 8])
    let a = net.node("Relu", "relu", [net.conv("conv1", x, 6, 9, kernel: 3)])
    net.output(net.conv("conv2", a, 9, 5))
    return net.model()
  }

  private func quantized(
    _ profile: QuantizationOptions.Profile, bits: Int?
  ) throws -> Quantizer.Result {
    let model = network()
    var options = QuantizationOptions()
    (options.profile, options.weightBits) = (profile, bits)
    let quantizer = try Quantizer(model, options)
    let sample = try SeededInputs.make(
      for: model.graph, shapes: try SampleShapes.first(for: model), seed: 3)
    return try quantizer.quantize(try quantizer.calibrate(on: SampleRun(samples: [sample])))
  }

  @Test("They are stored in 4 bits and widened; the profile's checks take them for weights")
  func packed() throws {
    let result = try quantized(.ortX86, bits: 4)
    #expect(result.model.opset() == 21)
    for name in ["conv1.w", "conv2.w"] {
      let stored = try #require(result.model.constant("\(name)_packed"))
      #expect(stored.elementType == .int4)
      #expect(stored.byteCount == (stored.count + 1) / 2)
      #expect(try result.model.node("unpack_1").type == "Cast")
    }
    #expect(
      try inferTypes(result.model).weights.reduce(0) { $0 + $1.tensor.count }
        == 6 * 9 * 9 + 9 + 9 * 5 + 5)
    let findings = try IntegerLint(result.model, for: .ortX86).findings
    #expect(findings.map(\.op.type) == ["Conv", "Relu", "Conv"])
    #expect(findings.compactMap(\.rule) == [])
  }

  @Test("A layer keeps 8 bits where that is said, and has no weight to narrow")
  func mixed() throws {
    let model = network()
    var options = QuantizationOptions()
    (options.weightBits, options.fullWeights) = (4, ["conv1"])
    let quantizer = try Quantizer(model, options)
    let sample = try SeededInputs.make(
      for: model.graph, shapes: try SampleShapes.first(for: model), seed: 3)
    let result = try quantizer.quantize(try quantizer.calibrate(on: SampleRun(samples: [sample])))
    #expect(result.model.constant("conv1.w_packed") == nil)
    let bytes = try #require(result.model.constant("conv1.w_quantized")?.integers)
    #expect(bytes.contains { abs($0) > 7 })
    #expect(result.model.constant("conv2.w_packed")?.elementType == .int4)

    #expect(quantizer.narrowLayers.map(\.elements) == [9 * 5])
    let rounded = quantizer.rounding(try #require(quantizer.narrowLayers.first))
    let outputs = try [model, rounded].map { try Session($0).run(sample) }
    let (name, exact) = try #require(outputs[0].first)
    let found = try Comparison(reference: exact, candidate: try #require(outputs[1][name]))
    #expect(found.maxRelative > 0 && found.maxRelative < 0.2)
  }

  @Test("The same integers in 8 bits give the same results")
  func same() throws {
    let packed = try quantized(.ortX86, bits: 4)
    var wide = packed.model
    for name in ["conv1.w", "conv2.w"] {
      let stored = try #require(wide.constant("\(name)_packed"))
      let value = try #require(wide.graph.value(named: "\(name)_quantized"))
      let integers = try #require(try inferTypes(packed.model).unpackedConstant(value))
      #expect(integers.elementType == .int8 && integers.dimensions == stored.dimensions)
      #expect(try #require(integers.integers).allSatisfy { abs($0) <= 7 })
      wide.graph.remove(try #require(wide.graph[value].producer))
      wide.graph.setInitializer(value, integers)
    }
    for seed in 1...3 {
      let sample = try SeededInputs.make(
        for: packed.model.graph, shapes: try SampleShapes.first(for: packed.model),
        seed: UInt64(seed))
      #expect(try Session(packed.model).run(sample) == (try Session(wide).run(sample)))
    }
  }

  @Test("8 bits stay where nobody asks for 4, or a runtime would not widen them")
  func wide() throws {
    for (profile, bits) in [
      (QuantizationOptions.Profile.ortX86, nil), (.ortX86, 5), (.qnn, 4), (.tensorrt, 4),
    ] {
      let model = try quantized(profile, bits: bits).model
      #expect(try #require(model.constant("conv1.w_quantized")).elementType == .int8)
    }
  }

  @Test("Fusion leaves them as they are stored")
  func fused() throws {
    var model = try quantized(.ortX86, bits: 4).model
    let before = model.graph.constantBytes
    _ = try PassManager(try Simplify.passes(FusionOptions())).run(&model)
    #expect(model.graph.constantBytes <= before)
    #expect(model.constant("conv2.w_packed")?.elementType == .int4)
  }

  @Test("Their channels are cut like others")
  func cut() throws {
    let model = try quantized(.ortX86, bits: 4).model
    let pruner = try Pruner(model, PruningOptions(target: .ratio(0.34)))
    let result = try pruner.prune(verification: Verification())
    #expect(result.difference != nil)
    // 9 channels of 54 halves become 6, and what reads them has 6 halves for each of 5.
    let first = try #require(result.model.constant("conv1.w_packed"))
    let second = try #require(result.model.constant("conv2.w_packed"))
    #expect(first.dimensions == [6, 6, 3, 3] && first.byteCount == 6 * 54 / 2)
    #expect(second.dimensions == [5, 6, 1, 1] && second.byteCount == 15)
  }

  @Test("A plan of such weights is replayed")
  func replayed() throws {
    let result = try quantized(.generic, bits: 4)
    #expect(result.plan.weightBits == 4)
    var options = QuantizationOptions()
    options.profile = .generic
    options.weightBits = result.plan.weightBits
    let again = try Quantizer(network(), options).apply(result.plan, modelHash: "")
    #expect(again.model.text(tensorLimit: 100) == result.model.text(tensorLimit: 100))
  }
}
