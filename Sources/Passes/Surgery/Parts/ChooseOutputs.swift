public import IR
internal import Operators

/// Keeps some outputs, in the order given, or drops some; what only the others needed goes. Values
/// between can become outputs too.
public struct ChooseOutputs: GraphEdit {
  /// What is asked for.
  public enum Choice: Sendable {
    /// These and no others.
    case keep([String])
    /// All but these.
    case drop([String])
  }

  /// The edit's name.
  public let name = "outputs"
  private let choice: Choice

  /// Makes the edit.
  public init(_ choice: Choice) { self.choice = choice }

  /// Chooses the outputs.
  ///
  /// - Throws: `ModelError` for a name that no value has, and where nothing would be left.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    let graph = model.graph
    let old = graph.outputs.map { graph[$0.value].name }
    let wanted: [String]
    switch choice {
    case .keep(let names): wanted = names
    case .drop(let names):
      for name in names where !old.contains(name) {
        throw ModelError(
          .request,
          "expected outputs among \(old.joined(separator: ", ")), found '\(name)'")
      }
      wanted = old.filter { !names.contains($0) }
    }
    guard !wanted.isEmpty, Set(wanted).count == wanted.count else {
      throw ModelError(
        .request,
        wanted.isEmpty
          ? "expected at least one output to be left, found none"
          : "expected each output once, found one twice")
    }
    guard wanted != old else { return report }
    let infos = try model.outputInfos(wanted)
    model.graph.setOutputs(infos)
    let removed = model.graph.removeUnneededNodes()
    model.graph.dropUnusedValues()
    for name in old where !wanted.contains(name) {
      report.applied.append(.init(node: "output '\(name)'", text: "dropped"))
    }
    for name in wanted where !old.contains(name) {
      report.applied.append(.init(node: "'\(name)'", text: "is an output from now on"))
    }
    if removed > 0 {
      report.applied.append(.init(node: "graph", text: "\(removed) nodes that nothing needs went"))
    }
    if report.applied.isEmpty {
      report.applied.append(.init(node: "outputs", text: "in another order"))
    }
    return report
  }

  /// Runs both models on the same inputs.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    let runs = EditRuns(verification: verification)
    let names = after.graph.tensorOutputs
    guard let sample = try runs.sample(before, outputs: names),
      let results = try runs.run(after, sample.inputs, outputs: names)
    else { return .notRunnable }
    return EditProof(try runs.compare(names.map { ($0, sample.outputs[$0], results[$0]) }))
  }
}

extension Model {
  /// Declarations for values that become outputs: their own where they are outputs already.
  func outputInfos(_ names: [String]) throws(ModelError) -> [ValueInfo] {
    var declared: [String: ValueInfo] = [:]
    for info in graph.outputs { declared[graph[info.value].name] = info }
    var facts: TypedGraph?
    var infos: [ValueInfo] = []
    for name in names {
      if let info = declared[name] {
        infos.append(info)
        continue
      }
      let id = try graph.requireValue(name)
      if facts == nil { facts = try inferTypes(self) }
      guard let type = facts?.graph[id].type, type.isDeclarable else {
        throw ModelError(
          .unsupported,
          "value '\(name)': expected a type to declare it with, found none that follows"
        )
      }
      infos.append(ValueInfo(id, type: type))
    }
    return infos
  }
}

extension Graph {
  /// Removes nodes that lead to no output.
  ///
  /// - Returns: how many.
  mutating func removeUnneededNodes() -> Int {
    let needed = nodesBehind(outputs.map(\.value), stoppingAt: [])
    var count = 0
    for id in nodeIDs.reversed() where !needed.contains(id) {
      remove(id)
      count += 1
    }
    return count
  }

  /// The nodes that values are computed by, captured ones included.
  ///
  /// - Parameter stops: values that are given, behind which nothing is looked for.
  func nodesBehind(_ values: [ValueID], stoppingAt stops: Set<ValueID>) -> Set<NodeID> {
    var found: Set<NodeID> = []
    var pending = values
    while let value = pending.popLast() {
      guard !stops.contains(value), let node = self[value].producer, found.insert(node).inserted
      else { continue }
      pending += self[node].inputs.compactMap { $0 } + self[node].captures
    }
    return found
  }
}
