public import IR
internal import Operators

/// Checks that a model is what a plan says it is, without the code that cuts: weights are sliced
/// again, element by element, and compared bit by bit, and the original is masked as the plan states
/// and run against the cut model.
public struct PlanVerification: Sendable {
  /// What was found.
  public struct Report: Sendable {
    /// Weights that are the slices that the plan names.
    public var sliced = 0
    /// Weights that are the original's.
    public var unchanged = 0
    /// The largest relative difference between the outputs; nil when a model could not be run.
    public var difference: Double?
    /// What does not agree; empty when all does.
    public var problems: [String] = []

    /// Nothing looked at yet.
    public init() {}
  }

  private let verification: Verification

  /// - Parameter verification: how outputs are compared.
  public init(_ verification: Verification) { self.verification = verification }

  /// Checks a cut model.
  ///
  /// - Parameters:
  ///   - hash: the hash of `original`, as plans state it.
  ///   - output: the hash of `pruned`, as certificates state it.
  /// - Throws: `ModelError` when a model is invalid; what does not agree is in the report.
  public func check(
    _ original: Model, hash: String, _ pruned: Model, output: String, _ plan: PruningPlan
  ) throws(ModelError) -> Report {
    var report = Report()
    if plan.model != hash {
      report.problems.append("the plan was made for model \(plan.model), this one is \(hash)")
    }
    if let certificate = plan.certificate, certificate.output != output {
      report.problems.append(
        "the certificate is about model \(certificate.output), the cut one is \(output)")
    }
    let prepared = try Pruner.prepared(original)
    checkInterface(original.graph, pruned.graph, &report)
    checkWeights(prepared.graph, pruned.graph, plan, &report)
    do {
      let masked = try Oracle(steps: plan.proof).maskedOriginal(prepared)
      report.difference = try verification.check(masked, pruned)
    } catch {
      report.problems.append(error.message)
    }
    return report
  }

  private func checkInterface(_ before: Graph, _ after: Graph, _ report: inout Report) {
    let names = [before, after].map { graph in
      [graph.requiredInputs, graph.outputs].map { $0.map { graph[$0.value].name } }
    }
    if names[0] != names[1] { report.problems.append("inputs or outputs have other names") }
  }

  private func checkWeights(
    _ before: Graph, _ after: Graph, _ plan: PruningPlan, _ report: inout Report
  ) {
    let slices = Dictionary(grouping: plan.weights) { $0.result ?? $0.weight }
    for (name, cuts) in slices.sorted(by: { $0.key < $1.key }) {
      guard let source = before.value(named: cuts[0].weight).flatMap({ before[$0].initializer })
      else {
        report.problems.append("the original has no weight '\(cuts[0].weight)'")
        continue
      }
      guard let found = after.value(named: name).flatMap({ after[$0].initializer }) else {
        report.problems.append("the cut model has no weight '\(name)'")
        continue
      }
      if source.isSlice(found, cuts) {
        report.sliced += 1
      } else {
        report.problems.append(
          "weight '\(name)' is not the slice of '\(cuts[0].weight)' that the plan names")
      }
    }
    for id in after.initializers where slices[after[id].name] == nil {
      guard let found = after[id].initializer, found.elementType.isFloatingPoint else { continue }
      let name = after[id].name
      let source = before.value(named: name).flatMap { before[$0].initializer }
      let isUnchanged =
        if let source { source.contentHash == found.contentHash } else { isCopy(found, in: before) }
      if isUnchanged {
        report.unchanged += 1
      } else {
        report.problems.append(
          "weight '\(name)' is not the original's, and the plan does not name it")
      }
    }
  }
}

extension PlanVerification {
  /// Whether a weight under a name of its own is one of the original's: where a weight is cut for
  /// one of its readers, the others read a copy.
  private func isCopy(_ found: Tensor, in graph: Graph) -> Bool {
    graph.initializers.contains { id in
      guard let weight = graph[id].initializer, weight.type == found.type else { return false }
      return weight.contentHash == found.contentHash
    }
  }
}

extension Tensor {
  /// Whether `found` holds exactly what the cuts leave of this tensor.
  fileprivate func isSlice(_ found: Tensor, _ cuts: [PruningPlan.Slice]) -> Bool {
    guard found.elementType == elementType, let width = elementType.byteWidth,
      let source = storage, let target = found.storage,
      found.dimensions.count == dimensions.count,
      found.byteCount == target.count, byteCount == source.count
    else { return false }
    var kept: [[[Int]]?] = Array(repeating: nil, count: dimensions.count)
    for cut in cuts {
      guard dimensions.indices.contains(cut.axis), dimensions[cut.axis] == cut.length,
        kept[cut.axis] == nil, let first = cut.kept.first,
        cut.kept.allSatisfy({ list in
          list.count == first.count && list.allSatisfy { (0..<cut.length).contains($0) }
            && zip(list, list.dropFirst()).allSatisfy { $0 < $1 }
        }), found.dimensions[cut.axis] == first.count
      else { return false }
      kept[cut.axis] = cut.kept
    }
    for axis in dimensions.indices where kept[axis] == nil {
      guard found.dimensions[axis] == dimensions[axis] else { return false }
    }
    return source.withUnsafeBytes { old in
      target.withUnsafeBytes { new in
        var place = [Int](repeating: 0, count: dimensions.count)
        for element in 0..<found.count {
          var rest = element
          for axis in dimensions.indices.reversed() {
            place[axis] = rest % found.dimensions[axis]
            rest /= found.dimensions[axis]
          }
          var row = 0
          var offset = 0
          for axis in dimensions.indices {
            let index: Int
            if let lists = kept[axis] {
              // A list for each block of the original's rows.
              let block =
                lists.count == 1 ? 0 : min(row * lists.count / dimensions[0], lists.count - 1)
              index = lists[block][place[axis]]
            } else {
              index = place[axis]
            }
            if axis == 0 { row = index }
            offset = offset * dimensions[axis] + index
          }
          for byte in 0..<width where old[offset * width + byte] != new[element * width + byte] {
            return false
          }
        }
        return true
      }
    }
  }
}
