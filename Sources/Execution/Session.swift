public import IR
internal import Kernels
package import Operators
private import Synchronization

/// A model made ready to run: operators resolved, constants placed, memory planned. Runs of one
/// session happen one after another.
public final class Session: Sendable {
  private let model: Model
  private let options: SessionOptions
  /// One run at a time: `lock` guards `runner`.
  private let lock = Mutex<Void>(())
  nonisolated(unsafe) private var runner: Runner

  /// Plans the model's graph for the backend that the options choose.
  ///
  /// - Throws: `ModelError`, with code `unsupported` where a node cannot be evaluated.
  public init(_ model: Model, options: SessionOptions) throws(ModelError) {
    let model = try model.unfolded()
    self.model = model
    self.options = options
    let backend = options.backend.open(options.threads)
    Self.useThreads(options, backend)
    let plan = try Plan(
      model, backend: backend, keepsConstants: options.keepsConstants, saturates: options.saturates)
    runner = Runner(
      plan: plan, valueCount: model.graph.valueCount, backend: backend,
      rewrites: !options.saturates)
  }

  /// Sets the threads for what the calling thread starts.
  private static func useThreads(_ options: SessionOptions, _ backend: (any Backend)?) {
    Parallelism.threads = options.threads
    Parallelism.team = backend?.team
    backend?.takeThreads()
  }

  /// Runs the model.
  ///
  /// - Parameters:
  ///   - inputs: a tensor for each of the graph's required inputs; an input that has an initializer
  ///     takes that where it is not given.
  ///   - outputs: the names of the values to compute, inner ones included; the graph's outputs when
  ///     nil.
  /// - Returns: a tensor for each name.
  public func run(
    _ inputs: [String: Tensor], outputs: [String]? = nil
  ) throws(ModelError) -> [String: Tensor] {
    try run(inputs, outputs: outputs, observing: []) { _, _ in }
  }

  /// Runs the model on values of any kind.
  ///
  /// - Parameters: as for tensors.
  /// - Returns: a value for each name.
  public func run(
    values: [String: Datum], outputs: [String]? = nil
  ) throws(ModelError) -> [String: Datum] {
    try run(values, outputs: outputs, observing: []) { _, _ in }
  }

  /// Runs the model several times and takes the time of each operator.
  public func profile(
    _ inputs: [String: Tensor], runs: Int
  ) throws(ModelError) -> [OperatorTime] {
    try timed(inputs, runs: runs).entries
  }

  /// Runs the model and shows on what the bodies of nodes are run.
  ///
  /// - Parameter outputs: the names of values that make it run these nodes.
  package func run(
    _ inputs: [String: Tensor], outputs: [String], witnessedBy witness: any BodyWitness
  ) throws(ModelError) {
    lock.withLock { _ in runner.witness = witness }
    defer { lock.withLock { _ in runner.witness = nil } }
    _ = try run(values: inputs.mapValues { .tensor($0) }, outputs: outputs)
  }

  /// Runs the model several times and takes the time of each node, or of that which stands for several
  /// that run as one, by its label.
  public func profileNodes(
    _ inputs: [String: Tensor], runs: Int
  ) throws(ModelError) -> [String: Duration] {
    try timed(inputs, runs: runs).nodes
  }

  private func timed(_ inputs: [String: Tensor], runs: Int) throws(ModelError) -> StepClock {
    let clock = StepClock()
    lock.withLock { _ in runner.clock = clock }
    defer { lock.withLock { _ in runner.clock = nil } }
    for _ in 0..<runs { _ = try run(inputs) }
    return clock
  }

  /// Runs the model and shows values to `observe` as soon as they are there.
  ///
  /// - Parameters:
  ///   - observing: the values to show: graph inputs and results of nodes. They are shown in
  ///     execution order; the memory is valid during the call only.
  package func run(
    _ inputs: [String: Tensor], outputs: [String]? = nil, observing: Set<ValueID>,
    observe: (ValueID, TensorView) throws(ModelError) -> Void
  ) throws(ModelError) -> [String: Tensor] {
    try Self.tensors(
      try run(
        inputs.mapValues { .tensor($0) }, outputs: outputs, observing: observing, observe: observe))
  }

  /// Runs the model on several inputs, step by step, so that constants that do not stay in memory come
  /// there once.
  ///
  /// - Returns: for each of them a tensor for each output, or why it could not be run.
  package func run(
    sideBySide inputs: [[String: Tensor]], outputs: [String]? = nil
  ) throws(ModelError) -> [Result<[String: Tensor], ModelError>] {
    let data = inputs.map { tensors in tensors.mapValues { Datum.tensor($0) } }
    let found = try run(data, outputs: outputs, observing: []) { _, _ in }
    return found.map { result in
      result.flatMap { values in
        Result { () throws(ModelError) in try Self.tensors(values) }
      }
    }
  }

  private static func tensors(_ values: [String: Datum]) throws(ModelError) -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (name, value) in values {
      guard let tensor = value.tensor else {
        throw ModelError(.request, "output '\(name)': expected a tensor, found \(value.type)")
      }
      tensors[name] = tensor
    }
    return tensors
  }

  private func run(
    _ inputs: [String: Datum], outputs: [String]?, observing: Set<ValueID>,
    observe: (ValueID, TensorView) throws(ModelError) -> Void
  ) throws(ModelError) -> [String: Datum] {
    try run([inputs], outputs: outputs, observing: observing, observe: observe)[0].get()
  }

  /// Runs the model on each of several inputs.
  ///
  /// - Throws: `ModelError` where an output is wanted that there is not.
  private func run(
    _ inputs: [[String: Datum]], outputs: [String]?, observing: Set<ValueID>,
    observe: (ValueID, TensorView) throws(ModelError) -> Void
  ) throws(ModelError) -> [Result<[String: Datum], ModelError>] {
    let graph = model.graph
    var wanted: [(name: String, slot: Int)] = []
    for name in outputs ?? graph.outputs.map({ graph[$0.value].name }) {
      guard let id = graph.value(named: name) else {
        throw ModelError(
          .request, "output '\(name)': expected a value of the graph, found none of that name")
      }
      wanted.append((name, id.index))
    }
    let supplied = inputs.map { inputs in
      Result { () throws(ModelError) in try check(inputs) }
    }
    let names = wanted.map(\.name)
    var found = lock.withLock { _ in
      Self.useThreads(options, runner.backend)
      defer { runner.pool.endRun() }
      return runner.run(
        graph, supplied.compactMap { try? $0.get() }, wanted, observing: observing,
        observe: observe)
    }
    return supplied.map { supplied in
      supplied.flatMap { _ in
        found.removeFirst().map { values in
          Dictionary(zip(names, values).map { ($0, $1) }, uniquingKeysWith: { first, _ in first })
        }
      }
    }
  }

  /// Checks names, types and shapes of the inputs and finds their slots.
  private func check(_ inputs: [String: Datum]) throws(ModelError) -> [Int: RuntimeValue] {
    let graph = model.graph
    var supplied: [Int: RuntimeValue] = [:]
    for info in graph.inputs {
      let value = graph[info.value]
      guard let datum = inputs[value.name] else {
        guard value.initializer == nil else { continue }
        throw ModelError(
          .request,
          "input '\(value.name)': expected \(info.type.map { "\($0)" } ?? "a tensor"), found none")
      }
      guard Self.accepts(info.type, datum) else {
        throw ModelError(
          .request,
          "input '\(value.name)': expected \(info.type.map { "\($0)" } ?? "a tensor"), found \(datum.type)"
        )
      }
      supplied[info.value.index] = RuntimeValue(datum)
    }
    for name in inputs.keys.sorted() {
      guard let id = graph.value(named: name), graph.isInput(id) else {
        let known = graph.inputs.map { "'\(graph[$0.value].name)'" }.joined(separator: ", ")
        throw ModelError(
          .request,
          "input '\(name)': expected a name among the graph's inputs (\(known)), found none such")
      }
    }
    return supplied
  }

  private static func accepts(_ type: ValueType?, _ value: Datum) -> Bool {
    switch (type, value) {
    case (.tensor(let type), .tensor(let tensor)): accepts(type, tensor)
    case (nil, .tensor(let tensor)): accepts(.unknown, tensor)
    case (nil, _): true
    case (.sequence(let type), .sequence(let elements, _)):
      elements.allSatisfy { accepts(type, $0) }
    case (.optional(let type), .optional(let content, _)):
      content.map { accepts(type, $0) } ?? true
    default: false
    }
  }

  private static func accepts(_ type: TensorType, _ tensor: Tensor) -> Bool {
    guard let count = Tensor.count(tensor.dimensions),
      tensor.storage.map({ tensor.elementType.byteCount(of: count) == $0.count }) ?? true
    else { return false }
    guard type.elementType == .undefined || type.elementType == tensor.elementType else {
      return false
    }
    guard let shape = type.shape else { return true }
    return shape.rank == tensor.dimensions.count
      && zip(shape.dimensions, tensor.dimensions).allSatisfy { declared, length in
        // Some exporters write -1 for a length that is not fixed.
        declared.value.map { $0 == length || $0 < 0 } ?? true
      }
  }
}
