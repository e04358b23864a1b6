/// Trees whose nodes ask for one feature each, and whose leaves vote for targets.
package struct DecisionTrees: Sendable {
  /// How a node compares its feature with its value.
  package enum Comparison: Sendable {
    case atMost, below, atLeast, above, equal, different
    /// Whether the feature is one of the node's members.
    case member
  }

  /// A node: a question, or where votes stand.
  package enum Node: Sendable {
    case question(
      Comparison, feature: Int, value: Double, members: Set<Double>, missing: Bool, yes: Int,
      no: Int)
    case leaf(Range<Int>)
  }

  /// How votes of several trees come together.
  package enum Aggregation: Sendable { case sum, average, minimum, maximum }

  package var nodes: [Node]
  package var roots: [Int]
  package var votes: [(target: Int, weight: Double)]

  package init(nodes: [Node], roots: [Int], votes: [(target: Int, weight: Double)]) {
    self.nodes = nodes
    self.roots = roots
    self.votes = votes
  }

  /// Whether every branch leads to a node, no path returns to where it was, every feature is below
  /// a number and every vote is for a target below another.
  package func isSound(features: Int, targets: Int) -> Bool {
    guard roots.allSatisfy(nodes.indices.contains),
      votes.allSatisfy({ (0..<targets).contains($0.target) })
    else { return false }
    var readers = [Int](repeating: 0, count: nodes.count)
    for node in nodes {
      switch node {
      case .leaf(let range):
        guard range.lowerBound >= 0, range.upperBound <= votes.count else { return false }
      case .question(_, let feature, _, _, _, let yes, let no):
        guard (0..<features).contains(feature), nodes.indices.contains(yes),
          nodes.indices.contains(no)
        else { return false }
        readers[yes] += 1
        readers[no] += 1
      }
    }
    // What is left when nodes without readers are taken away one by one lies on a circle.
    var open = nodes.indices.filter { readers[$0] == 0 }
    var taken = 0
    while let node = open.popLast() {
      taken += 1
      guard case .question(_, _, _, _, _, let yes, let no) = nodes[node] else { continue }
      for next in [yes, no] {
        readers[next] -= 1
        if readers[next] == 0 { open.append(next) }
      }
    }
    return taken == nodes.count
  }

  /// What the trees say of a row; nil for targets that nothing votes for. `isSound` must hold.
  package func scores(
    _ row: ArraySlice<Double>, targets: Int, _ aggregation: Aggregation
  ) -> [Double?] {
    var result = [Double?](repeating: nil, count: targets)
    for root in roots {
      for vote in votes[leaf(row, root)] {
        guard let before = result[vote.target] else {
          result[vote.target] = vote.weight
          continue
        }
        switch aggregation {
        case .sum, .average: result[vote.target] = before + vote.weight
        case .minimum: result[vote.target] = min(before, vote.weight)
        case .maximum: result[vote.target] = max(before, vote.weight)
        }
      }
    }
    guard aggregation == .average else { return result }
    return result.map { $0.map { $0 / Double(roots.count) } }
  }

  private func leaf(_ row: ArraySlice<Double>, _ root: Int) -> Range<Int> {
    var place = root
    while true {
      switch nodes[place] {
      case .leaf(let range): return range
      case .question(
        let comparison, let feature, let value, let members, let missing, let yes, let no):
        let x = row[row.startIndex + feature]
        let holds =
          switch comparison {
          case .atMost: x <= value
          case .below: x < value
          case .atLeast: x >= value
          case .above: x > value
          case .equal: x == value
          case .different: x != value
          case .member: members.contains(x)
          }
        place = holds || (missing && x.isNaN) ? yes : no
      }
    }
  }
}
