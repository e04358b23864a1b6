public import IR
internal import Operators

/// Gives open dimensions lengths: at the inputs, and wherever else the model states them.
public struct FixDimensions: GraphEdit {
  /// The edit's name.
  public let name = "dim"
  private let pairs: [String]

  /// Reads `SYMBOL=LENGTH` and `INPUT:AXIS=LENGTH`.
  public init(_ pairs: [String]) { self.pairs = pairs }

  /// Fixes the lengths.
  ///
  /// - Throws: `ModelError` for a symbol or an axis that no input leaves open.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    let bound = try BoundDimensions(model, pairs)
    let outputs = model.graph.outputs.map(\.type)
    model = bound.model
    for index in model.graph.valueInfos.indices {
      model.graph.valueInfos[index].type = model.graph.valueInfos[index].type?.substituting(
        bound.symbols)
    }
    let facts = try inferTypes(model)
    for (index, info) in model.graph.outputs.enumerated() {
      let declared = outputs[index]?.substituting(bound.symbols)
      let inferred = facts.graph[info.value].type
      // What follows says more than what is declared, where it is declared open.
      let type = declared?.tensor?.shape?.known == nil ? inferred ?? declared : declared
      if type?.isDeclarable ?? false { model.graph.setOutputType(index, type) }
    }
    report.applied = pairs.map { .init(node: "inputs", text: $0) }
    return report
  }

  /// Runs both models on inputs of these lengths.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    let runs = EditRuns(verification: verification)
    let names = before.graph.tensorOutputs
    guard let sample = try runs.sample(after, outputs: names),
      let old = try runs.run(before, sample.inputs, outputs: names)
    else { return .notRunnable }
    return EditProof(try runs.compare(names.map { ($0, old[$0], sample.outputs[$0]) }))
  }
}

extension ValueType {
  /// The type with numbers for symbols.
  func substituting(_ lengths: [String: Int]) -> ValueType {
    switch self {
    case .tensor(let type):
      .tensor(TensorType(type.elementType, type.shape?.substituting(lengths)))
    case .sparseTensor(let type):
      .sparseTensor(TensorType(type.elementType, type.shape?.substituting(lengths)))
    case .sequence(let type): .sequence(type?.substituting(lengths))
    case .optional(let type): .optional(type?.substituting(lengths))
    case .map(let key, let type): .map(key: key, value: type?.substituting(lengths))
    }
  }
}
