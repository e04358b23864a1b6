internal import Execution
internal import IR
internal import Samples

/// Seeded inputs that a model takes, and what it makes of them.
///
/// Shapes are tried in the order of `SampleShapes`, noise first for all of them. Where a model takes
/// none of it, since an input is an axis, a length or a scale, numbers above 0 and then smaller ones
/// follow.
struct FittingInputs {
  let inputs: [String: Tensor]
  let outputs: [String: Tensor]
  /// The probes that the model takes too, and what it makes of them.
  let probes: [(probe: Probe, outputs: [String: Tensor])]

  /// What a search came to.
  enum Finding {
    case found(FittingInputs)
    /// The model has an operator that Lapidary cannot run.
    case unsupported
    /// None fits: what the model said of the first ones, and what to do about it.
    case none(ModelError)
  }

  /// Looks for inputs, and runs the model on probes beside them.
  ///
  /// - Parameters:
  ///   - outputs: names of values to compute, inner ones too; the outputs when nil.
  ///   - fitting: makes inputs of those that a seed gave.
  ///   - probing: makes probes of shapes and inputs of these shapes.
  static func find(
    for model: Model, seed: UInt64, options: SessionOptions, outputs: [String]? = nil,
    fitting: (String, Tensor) -> Tensor = { $1 },
    probing: (_ shapes: [[Int]], _ inputs: [String: Tensor]) -> [Probe] = { _, _ in [] }
  ) throws(ModelError) -> Finding {
    var failure: ModelError?
    do {
      let session = try Session(model, options: options)
      for values in SeededInputs.Values.allCases {
        for shapes in try SampleShapes(for: model) {
          var inputs = try SeededInputs.make(
            for: model.graph, shapes: shapes, seed: seed, values)
          for (name, tensor) in inputs { inputs[name] = fitting(name, tensor) }
          let probes = probing(shapes, inputs)
          var results = try session.run(
            sideBySide: [inputs] + probes.map(\.inputs), outputs: outputs)
          switch results.removeFirst() {
          case .success(let found):
            // What the model itself does not take says nothing of another.
            let taken = zip(probes, results).compactMap { probe, result in
              (try? result.get()).map { (probe, $0) }
            }
            return .found(FittingInputs(inputs: inputs, outputs: found, probes: taken))
          case .failure(let error):
            if error.code == .unsupported { return .unsupported }
            failure = failure ?? error
          }
        }
      }
    } catch {
      guard error.code == .unsupported else { throw error }
      return .unsupported
    }
    var error =
      failure
      ?? ModelError(.verification, "expected shapes of inputs on which the model runs, found none")
    error.hint =
      error.hint
      ?? "the proof runs the model on seeded inputs; commands that write models leave it out with --no-verify"
    return .none(error)
  }
}
