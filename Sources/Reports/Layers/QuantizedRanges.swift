internal import IR
internal import Operators

/// What the quantized results of the second graph's nodes can stand for. A clamp of the first graph
/// that lets through just these numbers needs no node in the second.
struct QuantizedRanges {
  private let ranges: [NodeID: ClosedRange<Float>]

  init(_ ranges: [NodeID: ClosedRange<Float>]) { self.ranges = ranges }

  /// Items of the first graph without a counterpart whose work a range does, with what to say of them.
  func absorbed(
    _ a: DiffGraph, _ facts: TypedGraph, _ b: DiffGraph, _ matcher: Matcher
  ) -> [Int: DiffHunk.Change] {
    guard !ranges.isEmpty else { return [:] }
    var found: [Int: DiffHunk.Change] = [:]
    for (item, other) in matcher.counterpart.enumerated() where other == nil {
      let id = a.items[item].id
      guard case .clamp(let limits)? = facts.op(id)?.quantization(facts.inputs(id)),
        case .result(let above, 0)? = a.items[item].inputs.first,
        let partner = matcher.counterpart[above], let range = ranges[b.items[partner].id],
        range.lowerBound >= limits.lowerBound, range.upperBound <= limits.upperBound
      else { continue }
      found[item] = .said(
        "\(a.items[item].op) taken into the range of the quantized output of \(b.label(partner))")
    }
    return found
  }
}
