import Execution
import Foundation
import Gradients
import IR
import ONNXFile
import OneDNN
import Samples
import TestSupport
import Testing

/// Weights that learn.
@Suite struct TunerTests {
  /// A small convolutional classifier; other seeds have other weights.
  private func network(_ seed: Int, zeros: Bool = false, sureness: Float = 1) -> Model {
    var network = Network()
    if sureness != 1 { network.changedWeights["v"] = { $0 = $0.map { $0 * sureness } } }
    if zeros {
      network.changedWeights["w"] = { weights in
        for index in weights.indices where index % 2 == 0 { weights[index] = 0 }
      }
    }
    let x = network.input("x", [.init(symbol: "N"), 2, 6, 6])
    let w = network.weight("w", [4, 2, 3, 3], seed: seed)
    let b = network.weight("b", [4], seed: seed + 1)
    var value = network.node("Conv", "conv", [x, w, b])
    value = network.node("Relu", "relu", [value])
    value = network.node("Flatten", "flat", [value])
    let v = network.weight("v", [64, 3], seed: seed + 2)
    value = network.node("MatMul", "product", [value, v])
    network.output(value, [.init(symbol: "N"), 3])
    return network.model()
  }

  private func data(_ model: Model, count: Int = 80) throws -> Dataset {
    let numbers = (0..<count * 72).map { Float(($0 * 7919) % 257) / 128 - 1 }
    return try Dataset(
      [("x", Tensor(floats: numbers, [count, 2, 6, 6]))], for: model.graph, label: "data")
  }

  private func options(_ steps: Int) -> TuningOptions {
    var options = TuningOptions()
    options.steps = steps
    options.kinds = [.response]
    options.rate = 0.02
    return options
  }

  private func tuned(
    _ student: Model, steps: Int, threads: Int = 1, from state: TuningState? = nil,
    backend: BackendChoice = .accelerated, alterations: Set<Alteration> = [],
    keep: (TuningState) -> Void = { _ in }
  ) throws -> Tuner.Outcome {
    let teacher = network(3)
    let parts = try data(teacher).parts
    let objective = try Objective(kinds: [.response], student: student, teacher: teacher)
    var options = options(steps)
    options.alterations = alterations
    return try Tuner(
      student, teacher: teacher, objective: objective, options: options,
      session: SessionOptions(backend: backend, threads: threads)
    ).run(on: parts.fit, proof: parts.proof, from: state) { _ in
    } checkpoint: { state throws(ModelError) in
      keep(state)
    }
  }

  @Test("A network comes close to its teacher, with the same bytes on any number of threads")
  func determinism() throws {
    let outcome = try tuned(network(5), steps: 60)
    #expect(outcome.after < 0.1 * outcome.before)
    let bytes = try ONNXFile.encode(outcome.model)
    for threads in [2, 3] {
      #expect(try ONNXFile.encode(tuned(network(5), steps: 60, threads: threads).model) == bytes)
    }
  }

  @Test("Changed samples are the same on any number of threads, and lead elsewhere")
  func alterations() throws {
    let all = Set(Alteration.allCases)
    let outcome = try tuned(network(5), steps: 30, alterations: all)
    #expect(outcome.after < 0.5 * outcome.before)
    let bytes = try ONNXFile.encode(outcome.model)
    #expect(
      try ONNXFile.encode(tuned(network(5), steps: 30, threads: 3, alterations: all).model) == bytes
    )
    #expect(try ONNXFile.encode(tuned(network(5), steps: 30).model) != bytes)
  }

  @Test("What is zero in a sparse weight stays zero")
  func masks() throws {
    let outcome = try tuned(network(5, zeros: true), steps: 20)
    let graph = outcome.model.graph
    let weights = try #require(graph.value(named: "w").flatMap { graph.constant($0)?.floats })
    #expect(outcome.best > 0)
    #expect(weights.indices.allSatisfy { $0 % 2 == 1 || weights[$0] == 0 })
    #expect(weights.contains { $0 != 0 })
  }

  @Test("A run that goes on from a checkpoint ends as one without a stop")
  func resuming() throws {
    var states: [TuningState] = []
    let whole = try tuned(network(5), steps: 60) { states.append($0) }
    let middle = try #require(states.first)
    #expect(middle.step == 25)
    let read = try TuningState(middle.encoded(key: [1, 2]), key: [1, 2], label: "state")
    let rest = try tuned(network(5), steps: 60, from: read)
    #expect(try ONNXFile.encode(whole.model) == ONNXFile.encode(rest.model))
    #expect(throws: ModelError.self) {
      try TuningState(middle.encoded(key: [1]), key: [2], label: "state")
    }
    for length in [0, 10, 60, 400] {
      #expect(throws: ModelError.self) {
        try TuningState(
          Array(middle.encoded(key: [1]).prefix(length)), key: [1], label: "state")
      }
    }
  }

  @Test("A model as good as its teacher stays as it is")
  func nothingToLearn() throws {
    let outcome = try tuned(network(3), steps: 5)
    #expect(outcome.best == 0)
    #expect(try ONNXFile.encode(outcome.model) == ONNXFile.encode(network(3)))
  }

  @Test("Both backends have the same gradients")
  func backends() throws {
    let a = try tuned(network(5), steps: 10),
      b = try tuned(network(5), steps: 10, backend: .reference)
    #expect(abs(a.after - b.after) < 1e-3 * a.after)
  }

  @Test("What learnt labels by heart is judged by how much it errs, and not by how sure it is")
  func labels() throws {
    let model = network(3, sureness: 16)
    let numbers = Tensor(
      floats: (0..<80 * 72).map { Float(($0 * 7919) % 257) / 128 - 1 }, [80, 2, 6, 6])
    let session = SessionOptions(backend: .accelerated, threads: 1)
    let scores = try #require(
      try Session(model, options: session).run(["x": numbers]).values.first?.floats)
    let rows = (0..<80).map { scores[$0 * 3..<$0 * 3 + 3].map(Double.init) }
    // The class that the model finds, but for every fifth sample.
    let classes = rows.enumerated().map { sample, row in
      ((row.firstIndex(of: row.max() ?? 0) ?? 0) + (sample % 5 == 0 ? 1 : 0)) % 3
    }
    func entropy(_ temperature: Double) -> Double {
      zip(rows, classes).reduce(0) { sum, sample in
        let cooled = sample.0.map { $0 / temperature }, most = cooled.max() ?? 0
        let total = cooled.reduce(0) { $0 + exp($1 - most) }
        return sum + (log(total) + most - cooled[sample.1]) / 80
      }
    }
    let data = try Dataset(
      [("x", numbers), ("labels", Tensor(int64: classes, [80]))],
      for: model.graph, label: "data")
    var options = options(1)
    options.kinds = [.labels]
    let found = try Tuner(
      model, teacher: model,
      objective: try Objective(kinds: [.labels], student: model, teacher: model),
      options: options, session: session
    ).run(on: data, proof: data)
    let best = [1, 1.4, 2, 2.8, 4, 5.7, 8].map(entropy).min() ?? 0
    #expect(abs(found.before - best) < 1e-4 * best)
    #expect(best < 0.9 * entropy(1))
  }

  @Test("Options have the same text in every run")
  func key() {
    var options = TuningOptions()
    options.kinds = [.response, .feature]
    let key = options.key
    options.kinds = [.feature, .response]
    #expect(options.key == key)
    options.alterations = []
    #expect(options.key != key)
    options = TuningOptions()
    options.alterations = Set(Alteration.allCases)
    #expect(options.key == TuningOptions().key)
    options.kinds = [.labels]
    let given = options.key
    options.alterations = nil
    #expect(options.key != given)
  }
}
