public import IR
internal import Operators

/// Makes nodes other operators, such as a runtime's own one ONNX's, or takes nodes out that hand on
/// their first input.
public struct ReplaceNodes: GraphEdit {
  /// What becomes of the nodes.
  public enum Change: Sendable {
    /// They become this operator, with the attributes that they have.
    case become(OperatorName)
    /// They go; what read their first output reads their first input.
    case goAway
  }

  /// The edit's name.
  public let name: String
  private let pattern: String
  private let change: Change

  /// Makes the edit.
  ///
  /// - Parameter pattern: names of nodes or operators, with `*` and `?`.
  public init(_ pattern: String, _ change: Change) {
    self.pattern = pattern
    self.change = change
    if case .goAway = change { name = "remove" } else { name = "replace" }
  }

  /// Reads `PATTERN=OPERATOR`, the operator's domain before its type as in `com.microsoft.Gelu`.
  public init(replacing text: String) throws(ModelError) {
    guard let sign = text.lastIndex(of: "="), sign > text.startIndex,
      text.index(after: sign) < text.endIndex
    else { throw ModelError(.request, "--replace: expected PATTERN=OPERATOR, found '\(text)'") }
    let words = text[text.index(after: sign)...].split(separator: ".")
    self.init(
      String(text[..<sign]),
      .become(
        OperatorName(
          String(words.last ?? ""), domain: words.dropLast().joined(separator: "."))))
  }

  /// Changes the nodes of the main graph that fit.
  ///
  /// - Throws: `ModelError` where none fits, or one cannot go.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    let glob = Glob(pattern)
    let found = model.graph.nodeIDs.filter { id in
      let node = model.graph[id]
      return [node.name ?? "", node.type, "\(node.op)"].contains { glob.matches($0) }
    }
    guard !found.isEmpty else {
      throw ModelError(
        .request, "expected a node whose name or operator is '\(pattern)', found none")
    }
    let facts = try? inferTypes(model)
    for id in found {
      let label = model.graph.label(id)
      switch change {
      case .become(let op):
        model.graph[id].type = op.type
        model.graph[id].domain = op.domain.isEmpty ? nil : op.domain
        report.applied.append(.init(node: label, text: "is \(op) now"))
      case .goAway:
        if let reason = obstacle(id, model.graph, facts) {
          throw ModelError(.request, "\(label): expected a node that can go, found that \(reason)")
        }
        try takeOut(id, of: &model.graph)
        report.applied.append(.init(node: label, text: "taken out"))
      }
    }
    if case .become(let op) = change { try importSet(of: op, into: &model) }
    model.graph.dropUnusedValues()
    return report
  }

  private func importSet(of op: OperatorName, into model: inout Model) throws(ModelError) {
    guard model.opset(of: op.domain) == nil else { return }
    model.opsetImports.append(OpsetImport(domain: op.domain, version: 1))
  }

  /// Why a node cannot go; nil where it can.
  private func obstacle(_ id: NodeID, _ graph: Graph, _ facts: TypedGraph?) -> String? {
    let node = graph[id]
    guard let input = node.inputs.first ?? nil, let output = node.outputs.first ?? nil else {
      return "it has no first input or output"
    }
    if node.outputs.dropFirst().contains(where: { $0.map { !graph[$0].uses.isEmpty } ?? false }) {
      return "another output than the first is read"
    }
    guard let from = facts?.graph[input].tensorType, let to = facts?.graph[output].tensorType else {
      return nil
    }
    if from.elementType != to.elementType, to.elementType != .undefined {
      return "it turns \(from) into \(to)"
    }
    if let a = from.shape, let b = to.shape, a != b { return "it turns \(from) into \(to)" }
    return nil
  }

  private func takeOut(_ id: NodeID, of graph: inout Graph) throws(ModelError) {
    guard let input = graph[id].inputs.first ?? nil, let output = graph[id].outputs.first ?? nil
    else { return }
    graph.replaceInputs(of: output, with: input)
    guard graph.isOutput(output) || graph.isCaptured(output) else {
      graph.remove(id)
      return
    }
    // Who reads the output by its name goes on to do so.
    var names = graph.nodeNames
    let called = freshName("\(graph[output].name)_same", &names)
    let place = graph.add(
      SurgeryNodes.identity(input, into: graph.addFreshValue(called), name: called), after: id)
    graph.remove(id)
    graph.setOutput(place, slot: 0, to: output)
  }

  /// Runs both models where Lapidary knows the operators before.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    do {
      guard let difference = try verification.check(before, after) else {
        return .notComparable("Lapidary cannot run the model before, so nothing says what is right")
      }
      return .equal(within: difference, on: "")
    } catch {
      guard error.code == .verification else { throw error }
      // The user said that the result is to be another one.
      return .notComparable("results are others than before, as was asked for (\(error.message))")
    }
  }
}
