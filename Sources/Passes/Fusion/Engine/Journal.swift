internal import IR

/// What was done and what was declined, node by node.
struct Journal {
  private struct Key: Hashable {
    let node: String
    let rule: String
  }

  private(set) var applied: [PassReport.Entry] = []
  /// Reasons by node and rule, of the last round.
  var declined: [PassReport.Entry] = []
  private var places: [Key: Int] = [:]
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Whether as many rewrites were made as were allowed.
  var isFull: Bool { applied.count >= limit }

  /// Declines are those of the last round, in which nothing was left to apply.
  mutating func startRound() {
    declined = []
    places = [:]
  }

  mutating func apply(_ node: String, rule: String, _ text: String) {
    applied.append(.init(node: node, text: text, rule: rule))
  }

  mutating func decline(_ node: String, rule: String, _ reason: String) {
    let entry = PassReport.Entry(node: node, text: reason, rule: rule)
    if let place = places[Key(node: node, rule: rule)] {
      declined[place] = entry
    } else {
      places[Key(node: node, rule: rule)] = declined.count
      declined.append(entry)
    }
  }

  /// Everything as the pass reports it.
  func report(pass: String) -> PassReport {
    var report = PassReport(pass: pass)
    report.applied = applied
    report.declined = declined
    return report
  }
}
