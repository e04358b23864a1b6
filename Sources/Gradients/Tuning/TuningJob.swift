internal import Execution
import IR
internal import Kernels
internal import Samples

/// A run of tuning while it goes on.
struct TuningJob {
  private let tuner: Tuner
  private let graph: TrainingGraph
  private let runner: PieceRunner
  private let judges: PieceRunner
  private let samples: TuningSamples
  private let proof: TuningSamples
  private let parameters: [Parameter]
  private let variances: [Double]
  private let order: SampleOrder
  private(set) var state: TuningState
  private var failures = 0
  private var notes: [String] = []

  init(_ tuner: Tuner, _ fit: Dataset, _ held: Dataset) throws(ModelError) {
    self.tuner = tuner
    let objective = tuner.objective
    let pairs = objective.pairs
    let values = try TeacherValues(
      tuner.teacher, pairs, on: fit, budget: tuner.options.budget, options: tuner.session)
    let proofs = try TeacherValues(
      tuner.teacher, pairs, on: held, budget: tuner.options.budget, options: tuner.session)
    let trainee = tuner.trainee
    variances = values.variances
    graph = try TrainingGraph(trainee, objective, variances: variances)
    parameters = graph.parameters.compactMap {
      Parameter($0.value, trainee.model.graph, rule: trainee.rules[$0.value])
    }
    guard !parameters.isEmpty else {
      throw ModelError(
        .unsupported, "tuning: expected weights with a gradient, found none",
        hint: graph.obstacles.first)
    }
    runner = try PieceRunner(
      graph.model, threads: tuner.session.threads, backend: tuner.session.backend)
    judges = try PieceRunner(
      graph.judge, threads: tuner.session.threads, backend: tuner.session.backend)
    let alterer = try SampleAlterer(
      tuner.options.usedAlterations, of: fit, seed: tuner.options.seed)
    samples = try TuningSamples(fit, values, graph.names, trainee.model, alterer: alterer)
    proof = try TuningSamples(held, proofs, graph.names, trainee.model)
    order = SampleOrder(count: fit.groupCount, seed: tuner.options.seed)
    state = TuningState(parameters.map(\.elements))
    if !graph.blocked.isEmpty {
      notes.append(
        "\(graph.blocked.count) weights stay as they are: no derivative of "
          + graph.obstacles.prefix(3).joined(separator: "; "))
    }
  }

  /// Groups of samples a step.
  private var size: Int { max(1, min(tuner.options.batch, order.count)) }

  /// Starts anew, or goes on where an earlier run stopped.
  mutating func begin(_ earlier: TuningState?) throws(ModelError) {
    if let earlier {
      guard earlier.weights.map(\.count) == state.weights.map(\.count) else {
        throw ModelError(
          .request, "checkpoint: expected the weights of this model, found those of another")
      }
      state = earlier
      return
    }
    let trainee = tuner.trainee
    state.before = try trainee.finish == nil ? loss() : loss(of: trainee.given)
    state.bestLoss = state.before
  }

  /// Settles the number of steps, from the time that one takes where the time decides.
  mutating func estimate(_ options: TuningOptions) throws(ModelError) {
    guard state.steps == 0 else { return }
    let most = max(1000, 100 * order.count / max(1, size))
    state.steps =
      options.steps
      ?? (options.seconds == nil ? TuningOptions.usualSteps(samples: order.count) : most)
    guard let seconds = options.seconds, state.steps > 0 else { return }
    // The first step compiles what the others run.
    _ = try gradients()
    let start = ContinuousClock.now
    for _ in 0..<2 { _ = try gradients() }
    let one = (ContinuousClock.now - start) / .seconds(2)
    state.steps = max(1, min(state.steps, Int(0.9 * seconds / max(one, 1e-4))))
  }

  /// The weights as inputs of the graph.
  private func inputs(_ weights: [[Float]]) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (parameter, elements) in zip(parameters, weights) {
      result[parameter.name] = Tensor(floats: elements, parameter.dimensions)
    }
    return result
  }

  /// The gradients of the next step; nil where they are no numbers.
  private func gradients() throws(ModelError) -> [[Float]]? {
    let groups = order.groups(step: state.step, size: size)
    let pieces = try samples.pieces(groups, step: state.step)
    var sums = parameters.map { [Float](repeating: 0, count: $0.elements.count) }
    var isFinite = true
    try runner.run(pieces.map(\.inputs), shared: inputs(state.weights)) {
      piece, results throws(ModelError) in
      let factor = Float(pieces[piece].count) / Float(groups.count)
      for (index, parameter) in graph.parameters.enumerated() {
        guard let storage = results[parameter.gradient]?.storage else { continue }
        let added = storage.withUnsafeBytes {
          accumulate($0.bindMemory(to: Float.self), into: &sums[index], factor: factor)
        }
        isFinite = isFinite && added
      }
    }
    return isFinite ? sums : nil
  }

  /// Takes one step; one without numbers is taken back and the rate halved.
  mutating func advance() throws(ModelError) {
    guard let found = try gradients() else {
      failures += 1
      guard failures <= Tuner.patience else {
        throw ModelError(
          .verification,
          "tuning: expected gradients that are numbers, found none in \(failures) steps, the rate halved after each",
          hint: "give a smaller --rate")
      }
      state.factor /= 2
      state.weights = state.best
      state.moments = state.moments.map { [Float](repeating: 0, count: $0.count) }
      state.squares = state.moments
      state.step += 1
      return
    }
    failures = 0
    state.move(found, tuner.options, parameters)
  }

  /// Whether the held-out samples are to be asked: twenty times in a run, and at its end.
  var isDueForJudgement: Bool {
    state.step % max(1, state.steps / 20) == 0 || state.step == state.steps
  }

  mutating func judge() throws(ModelError) { state.judge(try loss()) }

  /// The weights by their values.
  private func elements(_ weights: [[Float]]) -> [ValueID: [Float]] {
    Dictionary(uniqueKeysWithValues: zip(parameters.map(\.value), weights))
  }

  /// The objective on held-out samples: what learns is asked itself, unless what is written follows
  /// from it by rounding.
  private func loss() throws(ModelError) -> Double {
    guard tuner.trainee.finish == nil else {
      return try loss(of: tuner.trainee.finished(elements(state.weights)))
    }
    return try loss(judges, shared: inputs(state.weights), names: graph.judged)
  }

  private func loss(of model: Model) throws(ModelError) -> Double {
    let judge = try TrainingGraph.judge(model, tuner.objective, variances: variances)
    let runner = try PieceRunner(
      judge.model, threads: tuner.session.threads, backend: tuner.session.backend)
    return try loss(runner, shared: [:], names: judge.judged)
  }

  private func loss(
    _ runner: PieceRunner, shared: [String: Tensor], names: [String]
  ) throws(ModelError) -> Double {
    let pieces = try proof.pieces(Array(0..<proof.count))
    var sums = names.map { _ in 0.0 }, count = 0
    try runner.run(pieces.map(\.inputs), shared: shared) {
      piece, results throws(ModelError) in
      for (place, name) in names.enumerated() {
        sums[place] += (results[name]?.doubles?.first ?? .nan) * Double(pieces[piece].count)
      }
      count += pieces[piece].count
    }
    let means = sums.map { $0 / Double(max(1, count)) }.filter(\.isFinite)
    return means.min() ?? .infinity
  }

  func outcome() throws(ModelError) -> Tuner.Outcome {
    let trainee = tuner.trainee
    let helped = state.bestLoss < state.before
    return Tuner.Outcome(
      model: helped ? try trainee.finished(elements(state.best)) : trainee.given,
      before: state.before, after: min(state.before, state.bestLoss),
      steps: state.step, best: state.bestStep, adapted: parameters.count,
      notes: trainee.notes + notes)
  }
}
