internal import Execution
internal import IR
internal import Reports
internal import Samples

/// Lengths and inputs with which the stages of a compression are counted and timed, the same for all:
/// those of the first sample, or where there is none, lengths that the model takes, and noise.
struct Trial: Sendable {
  /// A model is run for at least this long, or so often, before its time is known.
  private static let least = Duration.milliseconds(200), mostRuns = 50
  /// A run that takes longer is enough.
  private static let long = Duration.seconds(2)

  private let inputs: [String: Tensor]?
  private let isSample: Bool
  private let dimensions: [String]
  private let options: SessionOptions
  /// Where models are timed in onnxruntime too.
  let onnxruntime: OnnxruntimeLatency?

  /// - Parameters:
  ///   - dimensions: lengths for open dimensions, which the data has.
  ///   - data: samples, of which the first is taken.
  ///   - comparesRuntimes: whether models are timed in onnxruntime too, where that is there.
  init(
    _ model: Model, dimensions: [String], data: Dataset?, options: SessionOptions,
    comparesRuntimes: Bool = false
  ) throws(ModelError) {
    self.dimensions = dimensions
    self.options = options
    isSample = data.map { $0.count > 0 } ?? false
    let bound = try BoundDimensions(model, dimensions).model
    if let data, isSample {
      inputs = try data.inputs(data.batches(of: 1)[0])
    } else {
      inputs = (try? SampleShapes.first(for: bound)).flatMap {
        try? SeededInputs.make(for: bound.graph, shapes: $0, seed: 0)
      }
    }
    onnxruntime =
      comparesRuntimes
      ? inputs.flatMap { OnnxruntimeLatency($0, threads: options.threads) } : nil
  }

  /// The cost of a model at the sample's lengths, and these in words; empty where none is open.
  func cost(of model: Model) throws(ModelError) -> (CostReport, lengths: String) {
    let open = model.graph.requiredInputs.filter {
      $0.type?.tensor?.shape?.dimensions.contains { $0.value == nil } ?? true
    }
    guard isSample, let inputs, !open.isEmpty else {
      let bound = try BoundDimensions(model, dimensions)
      let cost = try CostReport(bound.placed, binding: bound.symbols)
      let given = dimensions.map { $0.replacing("=", with: " = ") }
      let assumed = cost.assumed.map { "\($0.name) = \($0.length)" }
      let left =
        cost.uncounted.isEmpty
        ? "" : ", without \(cost.uncounted.count) nodes that say nothing there"
      return (cost, (given + assumed).joined(separator: ", ") + left)
    }
    var sample = model
    // Declared types of intermediates may hold for other lengths.
    sample.graph.valueInfos = []
    var lengths: [String] = []
    for (index, info) in model.graph.inputs.enumerated() {
      let name = model.graph[info.value].name
      guard let tensor = inputs[name] else { continue }
      sample.graph.setInputType(index, .tensor(tensor.type))
      if open.contains(where: { $0.value == info.value }) {
        lengths.append("'\(name)' \(tensor.type)")
      }
    }
    guard let cost = try? CostReport(sample) else { return (try CostReport(model), "") }
    return (cost, lengths.joined(separator: ", ") + ", as the first sample has it")
  }

  /// The median time of a run; nil where the model cannot be run.
  func latency(of model: Model) -> Duration? {
    guard let inputs, let session = try? Session(model, options: options),
      (try? session.run(inputs)) != nil
    else { return nil }
    let clock = ContinuousClock()
    var times: [Duration] = []
    var whole = Duration.zero
    while times.isEmpty || whole < Self.least && times.count < Self.mostRuns {
      let start = clock.now
      guard (try? session.run(inputs)) != nil else { return nil }
      times.append(clock.now - start)
      whole += times[times.count - 1]
      if times[times.count - 1] > Self.long { break }
    }
    return times.sorted()[times.count / 2]
  }

  /// The same in onnxruntime; nil where it is not there or does not take the model.
  func onnxruntimeLatency(of model: Model) -> Duration? { onnxruntime?.median(of: model) }
}
