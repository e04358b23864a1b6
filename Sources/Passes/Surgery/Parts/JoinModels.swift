public import IR
internal import Operators
internal import Rewriting

/// Puts another model behind this one: its inputs take this one's outputs.
public struct JoinModels: GraphEdit {
  /// The edit's name.
  public let name = "join"
  private let other: Model
  private let links: [(output: String, input: String)]

  /// Makes the edit.
  ///
  /// - Parameters:
  ///   - other: the model that comes behind.
  ///   - links: `OUTPUT=INPUT`, which output of this one an input of the other takes; those of one
  ///     name need not be given.
  public init(_ other: Model, _ links: [String] = []) throws(ModelError) {
    self.other = other
    self.links = try links.map { text throws(ModelError) in
      guard let sign = text.lastIndex(of: "="), sign > text.startIndex else {
        throw ModelError(.request, "--connect: expected OUTPUT=INPUT, found '\(text)'")
      }
      return (String(text[..<sign]), String(text[text.index(after: sign)...]))
    }
  }

  /// For each input of the other model the output of this one that it takes.
  private func sources(_ model: Model) throws(ModelError) -> [String: ValueID] {
    var sources: [String: ValueID] = [:]
    let outputs = model.graph.outputs.map { model.graph[$0.value].name }
    let inputs = other.graph.requiredInputs.map { other.graph[$0.value].name }
    for name in inputs where outputs.contains(name) {
      sources[name] = model.graph.value(named: name)
    }
    for (output, input) in links {
      guard outputs.contains(output), inputs.contains(input) else {
        throw ModelError(
          .request,
          "--connect: expected an output (\(outputs.joined(separator: ", "))) and an input of the"
            + " other model (\(inputs.joined(separator: ", "))), found '\(output)=\(input)'")
      }
      sources[input] = model.graph.value(named: output)
    }
    guard !sources.isEmpty else {
      throw ModelError(
        .request,
        "expected inputs of the other model among the outputs \(outputs.joined(separator: ", ")),"
          + " found \(inputs.joined(separator: ", "))", hint: "--connect OUTPUT=INPUT links them")
    }
    return sources
  }

  /// Joins the models.
  ///
  /// - Throws: `ModelError` where operator sets differ, types do not fit, or functions of one name
  ///   do other things.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    try adoptImports(&model)
    let sources = try sources(model)
    var body = other.graph
    body.makeNodeNamesUnlike(model.graph)
    let facts = try inferTypes(model)
    var operands: [ValueID?] = []
    for info in body.inputs {
      let name = body[info.value].name
      if let source = sources[name] {
        try requireFit(facts.graph[source].type, info.type, name)
        operands.append(source)
      } else if body[info.value].initializer != nil {
        operands.append(nil)
      } else {
        // What both take under one name is taken once.
        if let shared = model.graph.inputs.first(where: { model.graph[$0.value].name == name }) {
          try requireFit(shared.type, info.type, name)
          operands.append(shared.value)
          continue
        }
        guard model.graph.value(named: name) == nil else {
          throw ModelError(
            .request,
            "input '\(name)' of the other model: expected a name of its own, found that of a value",
            hint: "rename it first")
        }
        let id = model.graph.addValue(named: name, type: info.type)!
        model.graph.addInput(ValueInfo(id, type: info.type))
        operands.append(id)
      }
    }
    // An input with a default that is left out reads that.
    let given = zip(body.inputs, operands).filter { $1 != nil }
    body.setInputs(given.map(\.0))
    let results = results(of: body, sources, &model.graph)
    let linked = Set(sources.values)
    let made = zip(body.outputs, results).filter { !linked.contains($1.0) }
    body.setOutputs(made.map(\.0))
    let node = model.graph.add(
      SurgeryNodes.placeholder(given.map(\.1), into: made.map(\.1.0)))
    try model.graph.replace(node, with: body, operands: given.map(\.1))
    let kept = model.graph.outputs.filter { !linked.contains($0.value) }
    model.graph.setOutputs(kept + results.map { ValueInfo($0.0, type: $0.1) })
    for (input, source) in sources.sorted(by: { $0.key < $1.key }) {
      report.applied.append(
        .init(node: "input '\(input)'", text: "takes '\(model.graph[source].name)'"))
    }
    return report
  }

  /// The value of the joined model for each output of the other one.
  private func results(
    of body: Graph, _ sources: [String: ValueID], _ graph: inout Graph
  ) -> [(ValueID, ValueType?)] {
    body.outputs.map { info in
      let name = body[info.value].name
      // What the other model gives out as it took it stays the value that it is.
      if let source = sources[name], graph[source].name == name,
        body.inputs.contains(where: { $0.value == info.value })
      {
        return (source, info.type)
      }
      // A name that an edit before left without a value is free.
      if let idle = graph.value(named: name), graph.isIdle(idle) { return (idle, info.type) }
      return (graph.addFreshValue(name), info.type)
    }
  }

  private func requireFit(
    _ given: ValueType?, _ wanted: ValueType?, _ name: String
  ) throws(ModelError) {
    guard let given = given?.tensor, let wanted = wanted?.tensor else { return }
    var fits = given.elementType == wanted.elementType
    if let a = given.shape, let b = wanted.shape {
      fits = fits && a.rank == b.rank
      for (x, y) in zip(a.dimensions, b.dimensions) {
        if let x = x.value, let y = y.value, x != y { fits = false }
      }
    }
    guard fits else {
      throw ModelError(
        .request, "input '\(name)' of the other model: expected \(wanted), found \(given)")
    }
  }

  private func adoptImports(_ model: inout Model) throws(ModelError) {
    for needed in other.opsetImports {
      let domain = needed.domain ?? ""
      guard let present = model.opset(of: domain) else {
        model.opsetImports.append(needed)
        continue
      }
      guard present == needed.version else {
        throw ModelError(
          .request,
          "expected models of one operator set, found version \(present) and"
            + " \(needed.version ?? 0) of \(domain.isEmpty ? "ONNX's own" : "'\(domain)'")",
          hint: "bring both to one version first")
      }
    }
    model.irVersion = max(model.irVersion ?? 0, other.irVersion ?? 0)
    for function in other.functions {
      guard
        model.functions.contains(where: {
          $0.op == function.op && $0.overload == function.overload
        })
      else {
        model.functions.append(function)
        continue
      }
      throw ModelError(
        .unsupported,
        "expected functions of different names, found '\(function.op)' in both models",
        hint: "lapidary convert --inline-functions replaces their calls")
    }
  }

  /// Runs the models one after the other and the joined one.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    let runs = EditRuns(verification: verification)
    guard let sample = try runs.sample(after) else { return .notRunnable }
    let own = Set(before.graph.requiredInputs.map { before.graph[$0.value].name })
    guard let middle = try runs.run(before, sample.inputs.filter { own.contains($0.key) }) else {
      return .notRunnable
    }
    let sources = try sources(before)
    var inputs = sample.inputs
    for (input, source) in sources { inputs[input] = middle[before.graph[source].name] }
    let taken = Set(other.graph.requiredInputs.map { other.graph[$0.value].name })
    guard let last = try runs.run(other, inputs.filter { taken.contains($0.key) }) else {
      return .notRunnable
    }
    let linked = Set(sources.values)
    let kept = before.graph.outputs.filter { !linked.contains($0.value) }.map {
      before.graph[$0.value].name
    }
    let names = after.graph.outputs.map { after.graph[$0.value].name }
    let expected =
      kept.map { middle[$0] } + other.graph.outputs.map { last[other.graph[$0.value].name] }
    return EditProof(
      try runs.compare(zip(names, expected).map { ($0, $1, sample.outputs[$0]) }))
  }
}

extension Graph {
  /// Gives nodes that are called like one of another graph other names.
  fileprivate mutating func makeNodeNamesUnlike(_ other: Graph) {
    var taken = Set(other.nodeIDs.compactMap { other[$0].name })
    for id in nodeIDs {
      guard let name = self[id].name, !name.isEmpty else { continue }
      self[id].name = freshName(name, &taken)
    }
  }
}

/// The name, or it with a number behind, that is not taken; it is from now on.
func freshName(_ name: String, _ taken: inout Set<String>) -> String {
  var candidate = name
  var number = 2
  while !taken.insert(candidate).inserted {
    candidate = "\(name)_\(number)"
    number += 1
  }
  return candidate
}
