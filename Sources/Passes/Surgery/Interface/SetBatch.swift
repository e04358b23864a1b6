public import IR

/// Makes every input take batches of one length.
public struct SetBatch: GraphEdit {
  /// The edit's name.
  public let name = "batch"
  private let count: Int
  private static let symbol = "lapidary_batch"

  /// Makes the edit.
  ///
  /// - Throws: `ModelError` with code `request` for a length below 1.
  public init(_ count: Int) throws(ModelError) {
    guard count > 0 else {
      throw ModelError(.request, "--batch: expected 1 or more, or dynamic, found \(count)")
    }
    self.count = count
  }

  /// Fixes an open batch, or opens a fixed one and fixes it anew.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    let graph = model.graph
    let open = graph.requiredInputs.filter { info in
      info.type?.tensor?.shape?.dimensions.first.map { $0.value == nil } ?? false
    }
    if !open.isEmpty {
      var pairs: [String] = []
      for info in open {
        let pair = "\(graph[info.value].name):0=\(count)"
        let symbol = info.type?.tensor?.shape?[0].expression?.symbol
        // One pair for all that share a symbol.
        let text = symbol.map { "\($0)=\(count)" } ?? pair
        if !pairs.contains(text) { pairs.append(text) }
      }
      var report = try FixDimensions(pairs).run(&model)
      report.pass = name
      return report
    }
    let lengths = graph.requiredInputs.compactMap {
      $0.type?.tensor?.shape?.dimensions.first?.value
    }
    guard let first = lengths.first, first != count else { return PassReport(pass: name) }
    var report = try FreeDimensions(batch: Self.symbol).run(&model)
    _ = try FixDimensions(["\(Self.symbol)=\(count)"]).run(&model)
    report.applied.append(.init(node: "inputs", text: "a batch of \(count) instead of \(first)"))
    return report
  }

  /// Runs both models where one takes what the other does; else a batch against its parts.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    let runs = EditRuns(verification: verification)
    let names = before.graph.tensorOutputs
    guard let sample = try runs.sample(after, outputs: names) else { return .notRunnable }
    let takesAny = before.graph.requiredInputs.contains {
      $0.type?.tensor?.shape?.dimensions.first.map { $0.value == nil } ?? false
    }
    guard !takesAny else {
      guard let old = try runs.run(before, sample.inputs, outputs: names) else {
        return .notRunnable
      }
      return EditProof(try runs.compare(names.map { ($0, old[$0], sample.outputs[$0]) }))
    }
    // A model of the open batch stands between: it was compared with the old one on two lengths.
    var open = before
    _ = try FreeDimensions(batch: Self.symbol).run(&open)
    let first = try FreeDimensions(batch: Self.symbol).prove(before, open, verification)
    guard case .equal(let worst, _) = first,
      let old = try runs.run(open, sample.inputs, outputs: names)
    else { return first }
    let difference = try runs.compare(names.map { ($0, old[$0], sample.outputs[$0]) })
    return EditProof(max(worst, difference), on: ", against the old batch's results side by side")
  }
}
