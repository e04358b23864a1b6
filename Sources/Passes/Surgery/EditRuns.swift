internal import Execution
internal import IR
internal import Operators
internal import Samples

/// Runs of a model before and after an edit, on inputs that mean the same to both.
struct EditRuns {
  let verification: Verification

  /// A model's outputs for seeded inputs, and these.
  struct Sample {
    let inputs: [String: Tensor]
    let outputs: [String: Tensor]
  }

  /// Runs a model on seeded inputs; nil where Lapidary cannot run it.
  ///
  /// - Parameters:
  ///   - outputs: names of values to compute, inner ones too; the outputs when nil.
  ///   - fitting: makes inputs of those that a seed gave.
  func sample(
    _ model: Model, outputs: [String]? = nil,
    fitting: (String, Tensor) -> Tensor = { $1 }
  ) throws(ModelError) -> Sample? {
    let found = try FittingInputs.find(
      for: model, seed: verification.seed, options: verification.options, outputs: outputs,
      fitting: fitting)
    switch found {
    case .found(let sample): return Sample(inputs: sample.inputs, outputs: sample.outputs)
    case .unsupported: return nil
    case .none(let error): throw error
    }
  }

  /// A model's outputs for given inputs; nil where Lapidary cannot run it.
  func run(
    _ model: Model, _ inputs: [String: Tensor], outputs: [String]? = nil
  ) throws(ModelError) -> [String: Tensor]? {
    do {
      return try Session(model, options: verification.options).run(inputs, outputs: outputs)
    } catch {
      guard error.code == .unsupported else { throw error }
      return nil
    }
  }

  /// The largest relative difference of pairs of tensors.
  ///
  /// - Throws: `ModelError` with code `verification` where one is beyond what is allowed.
  func compare(_ pairs: [(name: String, Tensor?, Tensor?)]) throws(ModelError) -> Double {
    var worst = 0.0
    for (name, x, y) in pairs {
      guard let x, let y else {
        throw ModelError(.verification, "output '\(name)': expected a result of both, found none")
      }
      if case .strings(let texts) = x.payload {
        guard case .strings(let others) = y.payload, texts == others else {
          throw ModelError(.verification, "output '\(name)': expected equal texts, found others")
        }
        continue
      }
      guard x.dimensions == y.dimensions, x.elementType == y.elementType else {
        throw ModelError(
          .verification, "output '\(name)': expected \(x.type) as before, found \(y.type)")
      }
      let difference = try noting("output '\(name)'") { () throws(ModelError) in
        try Comparison(reference: x, candidate: y).maxRelative
      }
      guard difference <= verification.tolerance else {
        throw ModelError(
          .verification,
          "output '\(name)': expected equal results within \(verification.tolerance), found a relative difference of \(difference)"
        )
      }
      worst = max(worst, difference)
    }
    return worst
  }
}

extension Graph {
  /// Names of the outputs that are tensors, or may be.
  var tensorOutputs: [String] {
    outputs.filter { $0.type == nil || $0.type?.tensor != nil }.map { self[$0.value].name }
  }

  /// The value of a name that a user gave.
  ///
  /// - Throws: `ModelError` with code `request` where there is none, with one that may be meant.
  func requireValue(_ name: String, _ kind: String = "value") throws(ModelError) -> ValueID {
    guard let id = value(named: name), !isIdle(id) else {
      let names = valueIDs.filter { !isIdle($0) }.map { self[$0].name }
      throw ModelError(
        .request, "expected a \(kind) of the model, found '\(name)', which none is called",
        hint: NearWord.nearest(to: name, among: names).map { "did you mean '\($0)'?" })
    }
    return id
  }

  /// Whether nothing produces, holds or reads a value.
  func isIdle(_ id: ValueID) -> Bool {
    self[id].producer == nil && self[id].initializer == nil && self[id].uses.isEmpty && !isInput(id)
  }
}
