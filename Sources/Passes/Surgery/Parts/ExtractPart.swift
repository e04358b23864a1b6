public import IR
internal import Operators

/// Keeps the part of a model between values: what computes `outputs` from `inputs`.
///
/// Inputs of the model that the part needs beside the given ones stay.
public struct ExtractPart: GraphEdit {
  /// The edit's name.
  public let name = "extract"
  private let inputs: [String]
  private let outputs: [String]

  /// Makes the edit.
  ///
  /// - Parameters:
  ///   - inputs: values that are given; none for the model's own inputs.
  ///   - outputs: values that are wanted; none for the model's own outputs.
  public init(inputs: [String], outputs: [String]) {
    self.inputs = inputs
    self.outputs = outputs
  }

  /// Reads `A,B:C,D`; either side may be empty. Where names hold a colon themselves, all the ways to
  /// divide the text are looked at when the model is known.
  public init(_ text: String, for model: Model) throws(ModelError) {
    func names(_ text: Substring) -> [String] { text.split(separator: ",").map(String.init) }
    let places = text.indices.filter { text[$0] == ":" }
    guard let first = places.first else {
      throw ModelError(.request, "--extract: expected INPUTS:OUTPUTS, found '\(text)'")
    }
    let place =
      places.first { place in
        (names(text[..<place]) + names(text[text.index(after: place)...])).allSatisfy {
          model.graph.value(named: $0) != nil
        }
      } ?? first
    self.init(
      inputs: names(text[..<place]), outputs: names(text[text.index(after: place)...]))
  }

  /// Extracts the part.
  ///
  /// - Throws: `ModelError` for a name that no value has, an input that no output follows from, or one
  ///   whose type is not known.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    let wanted = outputs.isEmpty ? model.graph.outputs.map { model.graph[$0.value].name } : outputs
    let infos = try model.outputInfos(wanted)
    var given: [ValueID] = []
    for name in inputs {
      let id = try model.graph.requireValue(name)
      guard model.graph.constant(id) == nil else {
        throw ModelError(.request, "expected a value that is computed, found constant '\(name)'")
      }
      given.append(id)
    }
    let facts = try inferTypes(model)
    let stops = Set(given)
    let needed = model.graph.nodesBehind(infos.map(\.value), stoppingAt: stops)
    try requireReaders(of: given, among: needed, infos.map(\.value), model.graph)
    let before = model.graph.nodeCount
    var ports: [ValueInfo] = []
    for id in given { ports.append(try input(id, facts, &model.graph, keeping: needed)) }
    model.graph.setOutputs(infos)
    for id in model.graph.nodeIDs.reversed() where !needed.contains(id) { model.graph.remove(id) }
    let others = model.graph.inputs.filter { info in
      !stops.contains(info.value) && !model.graph[info.value].uses.isEmpty
    }
    model.graph.setInputs(ports + others)
    model.graph.dropUnusedValues()
    for info in others where inputs.isEmpty == false && model.graph[info.value].initializer == nil {
      report.declined.append(
        .init(
          node: "input '\(model.graph[info.value].name)'", text: "stays, since the part needs it"))
    }
    report.applied.append(
      .init(node: "graph", text: "\(model.graph.nodeCount) of \(before) nodes stay"))
    return report
  }

  private func requireReaders(
    of given: [ValueID], among nodes: Set<NodeID>, _ outputs: [ValueID], _ graph: Graph
  ) throws(ModelError) {
    for id in given where !outputs.contains(id) {
      guard graph[id].uses.contains(where: { $0.node.map(nodes.contains) ?? false }) else {
        throw ModelError(
          .request,
          "expected inputs that the outputs follow from, found '\(graph[id].name)', which none needs"
        )
      }
    }
  }

  /// Makes a value an input; what else its node computes it goes on to compute.
  private func input(
    _ id: ValueID, _ facts: TypedGraph, _ graph: inout Graph, keeping needed: Set<NodeID>
  ) throws(ModelError) -> ValueInfo {
    if let info = graph.inputs.first(where: { $0.value == id }) { return info }
    guard let type = facts.graph[id].type, type.isDeclarable else {
      throw ModelError(
        .unsupported,
        "value '\(graph[id].name)': expected a type to declare it with, found none that follows")
    }
    if let node = graph[id].producer, let slot = graph[node].outputs.firstIndex(of: id) {
      let spare =
        needed.contains(node) ? graph.addFreshValue("\(graph[id].name)_unused") : nil
      graph.setOutput(node, slot: slot, to: spare)
    }
    graph.valueInfos.removeAll { $0.value == id }
    return ValueInfo(id, type: type)
  }

  /// Runs the model before, and the part on the values that it computed.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    let runs = EditRuns(verification: verification)
    let names = after.graph.tensorOutputs
    let taken = after.graph.requiredInputs.map { after.graph[$0.value].name }
    let own = Set(before.graph.inputs.map { before.graph[$0.value].name })
    let inner = taken.filter { !own.contains($0) }
    guard let sample = try runs.sample(before, outputs: names + inner) else { return .notRunnable }
    var inputs: [String: Tensor] = [:]
    for name in taken { inputs[name] = sample.inputs[name] ?? sample.outputs[name] }
    guard let results = try runs.run(after, inputs, outputs: names) else { return .notRunnable }
    return EditProof(try runs.compare(names.map { ($0, sample.outputs[$0], results[$0]) }))
  }
}
