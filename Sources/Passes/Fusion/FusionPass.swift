public import IR
internal import Operators

/// Applies fusion rules until none applies any more.
public struct FusionPass: Pass {
  /// The pass's name.
  public let name = "fuse"
  private let rules: [any FusionRule]

  /// Every rule, in the order in which they are tried at a node.
  static let allRules: [any FusionRule.Type] = [
    FoldBatchNormalization.self
  ]

  /// A graph that still changes after this many sweeps is reported as an error.
  private static let sweeps = 100

  /// Names and one-line summaries of all rules.
  public static var catalogue: [(name: String, summary: String)] {
    allRules.map { ($0.name, $0.summary) }
  }

  /// Makes the pass.
  ///
  /// - Parameters:
  ///   - only: names of the rules to apply; empty for all.
  ///   - skip: names of rules to leave out.
  /// - Throws: `ModelError` when a name is not a rule's.
  public init(only: [String] = [], skip: [String] = []) throws(ModelError) {
    let known = Self.allRules.map { $0.name }
    for name in only + skip where !known.contains(name) {
      throw ModelError(
        .request,
        "rule '\(name)': expected one of \(known.joined(separator: ", ")), found no such rule")
    }
    rules = Self.allRules.filter { type in
      (only.isEmpty || only.contains(type.name)) && !skip.contains(type.name)
    }.map { $0.init() }
  }

  /// Applies the rules.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    let context = FusionContext(opset: model.opset() ?? 1)
    for _ in 0..<Self.sweeps {
      var changed = false
      var declined: [PassReport.Entry] = []
      for id in model.graph.nodeIDs {
        for rule in rules where model.graph.contains(id) {
          let label = model.graph.label(id)
          switch try rule.apply(at: id, in: &model.graph, context) {
          case .noMatch: break
          case .declined(let reason):
            declined.append(.init(node: label, text: reason, rule: type(of: rule).name))
          case .applied(let text, let survivor):
            model.graph.recordFusion(rule: type(of: rule).name, of: label, into: survivor)
            report.applied.append(.init(node: label, text: text, rule: type(of: rule).name))
            changed = true
          }
        }
      }
      guard changed else {
        report.declined = declined
        return report
      }
    }
    throw ModelError(
      .limit, "fusion: expected to settle within \(Self.sweeps) sweeps, found it still changing")
  }
}
