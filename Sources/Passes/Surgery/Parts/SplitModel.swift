public import IR

/// A model divided in two at values: the first part gives them out, the second takes them.
public struct SplitModel: Sendable {
  /// What computes the values, and the outputs that do not need them.
  public let first: Model
  /// What computes the rest of the outputs.
  public let second: Model
  /// How it was proved that one after the other they compute what the model does.
  public let proof: EditProof

  /// Divides a model.
  ///
  /// - Parameters:
  ///   - names: values that separate it: whatever is computed is needed either before them or behind.
  ///   - verification: how the parts are proved; nil for no proof.
  /// - Throws: `ModelError` for values that do not separate the model, naming what is needed on both
  ///   sides.
  public init(
    _ model: Model, at names: [String], verification: Verification?
  ) throws(ModelError) {
    let graph = model.graph
    var values: [ValueID] = []
    for name in names { values.append(try graph.requireValue(name)) }
    let stops = Set(values)
    let before = graph.nodesBehind(values, stoppingAt: [])
    let own = graph.outputs.map(\.value)
    // An output belongs behind when it follows from the values.
    let behind = own.filter { output in
      stops.contains(output)
        || graph.nodesBehind([output], stoppingAt: stops).contains { node in
          (graph[node].inputs.compactMap { $0 } + graph[node].captures).contains(
            where: stops.contains)
        }
    }
    let rest = own.filter { !behind.contains($0) }
    guard !behind.isEmpty else {
      throw ModelError(
        .request,
        "expected values that an output follows from, found \(names.joined(separator: ", "))")
    }
    let tail = graph.nodesBehind(behind, stoppingAt: stops)
    guard !tail.isEmpty else {
      throw ModelError(
        .request,
        "expected values that something is computed from, found \(names.joined(separator: ", "))")
    }
    let head = before.union(graph.nodesBehind(rest, stoppingAt: []))
    if let both = graph.nodeIDs.first(where: { tail.contains($0) && head.contains($0) }) {
      throw ModelError(
        .request,
        "expected values that separate the model, found that \(graph.label(both)) is needed before"
          + " and behind them",
        hint: "add what it computes to the values")
    }
    var first = model
    let restNames = rest.map { graph[$0].name }.filter { !names.contains($0) }
    _ = try ChooseOutputs(.keep(names + restNames)).run(&first)
    var second = model
    _ = try ExtractPart(inputs: names, outputs: behind.map { graph[$0].name }).run(&second)
    (self.first, self.second) = (first, second)
    proof =
      try verification.map { verification throws(ModelError) in
        try Self.prove(model, first, second, verification)
      } ?? .notAsked
  }

  private static func prove(
    _ model: Model, _ first: Model, _ second: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    let runs = EditRuns(verification: verification)
    let names = model.graph.tensorOutputs
    guard let sample = try runs.sample(model, outputs: names) else { return .notRunnable }
    let taken = Set(first.graph.requiredInputs.map { first.graph[$0.value].name })
    guard var results = try runs.run(first, sample.inputs.filter { taken.contains($0.key) }) else {
      return .notRunnable
    }
    var inputs: [String: Tensor] = [:]
    for info in second.graph.requiredInputs {
      let name = second.graph[info.value].name
      inputs[name] = results[name] ?? sample.inputs[name]
    }
    guard let found = try runs.run(second, inputs) else { return .notRunnable }
    results.merge(found) { $1 }
    return EditProof(try runs.compare(names.map { ($0, sample.outputs[$0], results[$0]) }))
  }
}
