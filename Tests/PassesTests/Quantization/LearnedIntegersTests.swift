import Execution
import Gradients
import IR
import ONNXFile
import Operators
import Passes
import Samples
import TestSupport
import Testing

/// Integers that learn through their quantizers.
@Suite struct LearnedIntegersTests {
  private static func network() -> Model {
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 4, 8, 8])
    let a = net.node("Relu", "relu", [net.conv("first", x, 4, 8, kernel: 3)])
    let window = [
      Attribute("kernel_shape", .ints([2, 2])), Attribute("strides", .ints([2, 2])),
    ]
    let pooled = net.node("MaxPool", "largest", [a], window)
    let b = net.node("Relu", "relu2", [net.conv("depth", pooled, 8, 8, kernel: 3, group: 8)])
    let c = net.node("Add", "add", [pooled, net.conv("last", b, 8, 8)])
    let flat = net.node("Flatten", "flat", [net.node("GlobalAveragePool", "pool", [c])])
    net.output(net.gemm("fc", flat, 8, 5), [.init(symbol: "N"), 5])
    return net.model()
  }

  private func quantized(
    bits: Int? = nil, profile: QuantizationOptions.Profile = .ortX86
  ) throws -> Model {
    try quantize(Self.network()) {
      $0.weightBits = bits
      $0.profile = profile
    }.model
  }

  private func elements(_ trainee: Trainee) throws -> [ValueID: [Float]] {
    var result: [ValueID: [Float]] = [:]
    for value in try #require(trainee.parameters) {
      result[value] = try #require(trainee.model.graph[value].initializer?.floats)
    }
    return result
  }

  /// Elements that lie elsewhere: numbers up to 1.3 times the range, scales and biases moved a little.
  private func moved(_ trainee: Trainee, seed: UInt64, by strength: Float = 1) throws
    -> [ValueID: [Float]]
  {
    var generator = SplitMix64(seed: seed)
    var result = try elements(trainee)
    for value in result.keys.sorted() {
      let rule = trainee.rules[value]
      result[value] = result[value]?.map { old in
        let new = old + strength * Float.random(in: -0.3...0.3, using: &generator)
        return min(max(new, rule?.range.lowerBound ?? new), rule?.range.upperBound ?? new)
      }
    }
    return result
  }

  private func tuned(
    _ model: Model, steps: Int = 60, rate: Double = 0.01, threads: Int = 1,
    from state: TuningState? = nil, keep: (TuningState) -> Void = { _ in }
  ) throws -> Tuner.Outcome {
    let teacher = Self.network()
    let data = try Dataset.load("random:64", for: teacher, seed: 4)
    var options = TuningOptions()
    options.steps = steps
    options.rate = rate
    options.kinds = [.response]
    options.alterations = []
    options.isQuantized = true
    return try Tuner(
      Trainee(quantized: model), teacher: teacher,
      objective: Objective(kinds: [.response], student: model, teacher: teacher),
      options: options, session: SessionOptions(threads: threads)
    ).run(on: data, proof: data, from: state) { _ in
    } checkpoint: { state throws(ModelError) in
      keep(state)
    }
  }

  /// Integers behind dequantizers, by name.
  private func integers(_ model: Model) -> [String: [Int]] {
    var result: [String: [Int]] = [:]
    for id in model.graph.nodeIDs where model.graph[id].type == "DequantizeLinear" {
      guard let value = model.graph[id].inputs[0], let tensor = model.graph.constant(value) else {
        continue
      }
      result[model.graph[value].name] = tensor.integers
    }
    return result
  }

  @Test("What learnt nothing is frozen as it was", arguments: [nil, 4])
  func identity(bits: Int?) throws {
    let model = try quantized(bits: bits)
    let trainee = try Trainee(quantized: model)
    let frozen = try trainee.finished(elements(trainee))
    for value in model.graph.initializers {
      #expect(
        model.graph[value].initializer == frozen.graph[value].initializer,
        "\(model.graph[value].name)")
    }
    #expect(trainee.notes == [])
  }

  @Test("What is frozen computes what learnt, within rounding", arguments: [nil, 4])
  func frozenIsTrained(bits: Int?) throws {
    // Elsewhere eight bits get other scales where pairs would saturate.
    let trainee = try Trainee(quantized: quantized(bits: bits, profile: .ortVNNI))
    let data = try Dataset.load("random:16", for: trainee.given, seed: 9)
    for seed in 0..<4 {
      let elements = try moved(trainee, seed: UInt64(seed), by: bits == nil ? 0.05 : 1)
      var learnt = trainee.model
      for (value, numbers) in elements {
        let shape = learnt.graph[value].initializer?.dimensions ?? []
        learnt.graph.setInitializer(value, Tensor(floats: numbers, shape))
      }
      let frozen = try trainee.finished(elements)
      let near = try ModelComparison(learnt, frozen, on: data).sqnr
      let far = try ModelComparison(trainee.given, frozen, on: data).sqnr
      #expect(near > 40 && far < near - 6, "\(near) \(far)")
    }
  }

  @Test("A network of four bits comes closer to its teacher, with the same bytes on any threads")
  func learning() throws {
    let model = try quantized(bits: 4)
    let outcome = try tuned(model)
    #expect(outcome.after < 0.6 * outcome.before, "\(outcome.before) \(outcome.after)")
    let bytes = try ONNXFile.encode(outcome.model)
    #expect(try ONNXFile.encode(tuned(model, threads: 2).model) == bytes)
    // Nothing but initializers differs, and their forms do not.
    #expect(
      outcome.model.graph.nodeIDs.map { outcome.model.graph[$0] }.map(\.name)
        == model.graph.nodeIDs.map { model.graph[$0] }.map(\.name))
    for value in model.graph.initializers {
      let old = try #require(model.graph[value].initializer)
      let new = try #require(outcome.model.graph[value].initializer)
      #expect(old.type == new.type && old.name == new.name)
    }
    let old = integers(model), new = integers(outcome.model)
    #expect(old != new)
    for (name, values) in new where name.contains(".w") {
      #expect(values.allSatisfy { abs($0) <= 7 }, "\(name)")
    }
    let data = try Dataset.load("random:64", for: model, seed: 4)
    let before = try ModelComparison(Self.network(), model, on: data).sqnr
    #expect(try ModelComparison(Self.network(), outcome.model, on: data).sqnr > before + 2)
  }

  @Test("A run that goes on from a checkpoint ends as one without a stop")
  func resuming() throws {
    let model = try quantized(bits: 4)
    var states: [TuningState] = []
    let whole = try tuned(model, steps: 40) { states.append($0) }
    let middle = try #require(states.first)
    #expect(middle.step == 25)
    let rest = try tuned(model, steps: 40, from: middle)
    #expect(try ONNXFile.encode(whole.model) == ONNXFile.encode(rest.model))
  }

  @Test("Where no step is better the given model is what comes back")
  func nothingBetter() throws {
    let model = try quantized()
    let outcome = try tuned(model, steps: 2, rate: 30)
    #expect(outcome.best == 0 && outcome.after == outcome.before)
    #expect(try ONNXFile.encode(outcome.model) == ONNXFile.encode(model))
  }

  @Test("Scales stay above zero, and within what a clamp allows")
  func scales() throws {
    let trainee = try Trainee(quantized: quantized(bits: 4))
    for (value, rule) in trainee.rules where rule.reach < .infinity {
      #expect(rule.range.upperBound <= 3 && rule.range.lowerBound >= -3, "\(value)")
      #expect(rule.reach <= 0.1)
    }
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 4, 8, 8])
    let bounds = [0, 1].map { net.constant("bound\($0)", Tensor(floats: [Float($0) * 0.2], [])) }
    let clipped = net.node("Clip", "clip", [net.conv("first", x, 4, 8)] + bounds)
    net.output(net.conv("second", clipped, 8, 4))
    let model = try quantize(net.model()).model
    let clip = try Trainee(quantized: model)
    let quantized = try #require(model.graph.value(named: "clip_out_q"))
    let quantizer = try #require(model.graph[quantized].producer)
    let scale = try #require(model.graph[quantizer].inputs[1])
    let value = try #require(clip.model.graph.value(named: "\(model.graph[scale].name)_log"))
    #expect(abs(try #require(clip.rules[value]).range.upperBound) < 1e-5)
  }

  @Test("Equal scales around a node that moves elements stay equal")
  func ties() throws {
    var model = try quantized()
    // As other tools write them: each value with a scale of its own.
    var count = 0
    for id in model.graph.nodeIDs {
      guard model.graph[id].type == "QuantizeLinear", let scale = model.graph[id].inputs[1],
        let tensor = model.graph.constant(scale), let result = model.graph[id].outputs[0]
      else { continue }
      let own = model.graph.addInitializer("own_scale", tensor)
      count += 1
      model.graph.setInput(id, slot: 1, to: own)
      for case .input(let reader, _) in model.graph[result].uses {
        model.graph.setInput(reader, slot: 1, to: own)
      }
    }
    #expect(count == 8)
    model.graph.dropUnusedValues()
    func scale(_ model: Model, _ value: String) throws -> Float {
      let graph = model.graph
      let value = try #require(graph.value(named: value))
      for case .input(let node, 0) in graph[value].uses where graph[node].type == "QuantizeLinear" {
        return try #require(graph[node].inputs[1].flatMap { graph.constant($0)?.floats?.first })
      }
      Issue.record("no quantizer")
      return 0
    }
    let trainee = try Trainee(quantized: model)
    let frozen = try trainee.finished(moved(trainee, seed: 5))
    #expect(try scale(frozen, "relu_out") == scale(frozen, "largest_out"))
    #expect(try scale(frozen, "relu_out") != scale(model, "relu_out"))
    #expect(try scale(frozen, "relu2_out") != scale(frozen, "add_out"))
  }

  @Test("Pairs of products that could not saturate still cannot")
  func pairs() throws {
    let model = try quantized()
    let trainee = try Trainee(quantized: model)
    for seed in 0..<4 {
      let frozen = integers(try trainee.finished(moved(trainee, seed: UInt64(seed))))
      for name in ["first.w_quantized", "last.w_quantized"] {
        let values = try #require(frozen[name])
        let tensor = try #require(model.constant(name))
        // Channels innermost, kernel positions around them.
        let inner = tensor.dimensions[2...].reduce(1, *), channels = tensor.dimensions[1]
        for row in 0..<tensor.dimensions[0] {
          for place in 0..<inner {
            for channel in stride(from: 0, to: channels, by: 2) {
              let at = (row * channels + channel) * inner + place
              #expect(abs(values[at] + values[at + inner]) <= 128)
            }
          }
        }
      }
    }
  }

  @Test("Biases keep the product of scales, and room for all sums")
  func biases() throws {
    let model = try quantized()
    let trainee = try Trainee(quantized: model)
    var elements = try moved(trainee, seed: 3)
    let bias = try #require(trainee.model.graph.value(named: "last.b_quantized_latent"))
    elements[bias] = elements[bias]?.map { $0 * 1e9 }
    let frozen = try trainee.finished(elements)
    for name in ["first", "depth", "last", "fc"] {
      let node = try frozen.node(name)
      func scales(_ slot: Int) throws -> [Float] {
        let value = try #require(node.inputs[slot])
        let producer = frozen.graph[try #require(frozen.graph[value].producer)]
        return try #require(producer.inputs[1].flatMap { frozen.graph.constant($0)?.floats })
      }
      let (input, weight, own) = (try scales(0), try scales(1), try scales(2))
      #expect(own == weight.map { $0 * input[0] }, "\(name)")
      let all = integers(frozen)
      let stored = try #require(all["\(name).b_quantized"])
      let weights = try #require(all["\(name).w_quantized"])
      let length = weights.count / stored.count
      for (channel, integer) in stored.enumerated() {
        let part = weights[channel * length..<(channel + 1) * length]
        #expect(abs(integer) + 255 * part.reduce(0) { $0 + abs($1) } < 1 << 31, "\(name)")
      }
    }
  }

  @Test("A model without quantizers is refused with what was expected")
  func refusal() throws {
    let error = #expect(throws: ModelError.self) { try Trainee(quantized: Self.network()) }
    #expect(error?.message.contains("expected a model in QDQ form") ?? false)
    #expect(try !Trainee.hasQuantizers(Self.network()))
    #expect(try Trainee.hasQuantizers(quantized()))
  }
}
