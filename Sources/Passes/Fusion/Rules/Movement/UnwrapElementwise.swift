internal import IR
internal import Operators
internal import Rewriting

/// `reshape(f(reshape(x, s)), t) = f(x)` where `t` is the shape of `x` and `f` works element by
/// element, in however many steps and branches: a reshape keeps all elements in their order.
///
/// Guards: nobody else sees what lies between; every operand is wrapped alike, or a constant that
/// broadcasts along last axes which both shapes have.
struct UnwrapElementwise: FusionRule {
  static let name = "unwrap-elementwise"
  static let summary = "Reshapes around elementwise operators that undo each other go"
  static let roots = Rewriter.reshapers

  /// How many operators to look at between two reshapes.
  private static let horizon = 32

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let end = net.input(id, 0), let result = net.output(id), let inner = net.shape(end),
      let outer = net.shape(result), inner != outer,
      !(inner.dimensions + outer.dimensions).contains(.unknown),
      let region = region(behind: end, inner, outer, &net)
    else { return .noMatch }
    let inside = Set(region.members).union([id])
    for member in region.members {
      if let obstacle = net.obstacle(over: net.output(member)!, readers: inside) {
        return .declined(obstacle)
      }
    }
    if net.graph.isCaptured(result) {
      return .declined("a subgraph reads '\(net.graph[result].name)'")
    }
    var patch = net.patch(before: id)
    var terms = region.sources.mapValues { net.term($0) }
    for member in region.members {
      let value = net.output(member)!
      terms[value] = patch.add(
        net.graph[member].type,
        net.graph[member].inputs.map { input in input.map { terms[$0] ?? net.term($0) } },
        attributes: net.graph[member].attributes, stem: "\(net.graph[value].name)_unwrapped",
        expecting: TensorType(net.elementType(value), outer))
    }
    guard let results = net.place(patch) else {
      return .declined(patch.refusal ?? "the operators do not go together")
    }
    var moved = region.sources
    for (member, output) in zip(region.members, results) {
      net.inherit(net.graph[output].producer!, from: member)
      moved[net.output(member)!] = output
    }
    let label = net.graph.label(id)
    let wrappers = region.sources.keys.sorted().compactMap { net.graph[$0].producer }
    if let obstacle = net.bypass(id, with: moved[end]!) { return .declined(obstacle) }
    for member in region.members.reversed() { net.remove(member) }
    for wrapper in wrappers where net.graph[net.output(wrapper)!].uses.isEmpty {
      net.remove(wrapper)
    }
    return .applied("\(label) undid what stood before \(region.members.count) operators")
  }

  /// Operators between reshapes.
  private struct Region {
    /// The operators, each behind those that it reads.
    var members: [NodeID] = []
    /// What was reshaped, by the value that came of it.
    var sources: [ValueID: ValueID] = [:]
  }

  private func region(
    behind end: ValueID, _ inner: Shape, _ outer: Shape, _ net: inout Rewriter
  ) -> Region? {
    var region = Region()
    guard follow(end, inner, outer, &region, &net), !region.members.isEmpty,
      !region.sources.isEmpty
    else { return nil }
    return region
  }

  /// Adds what computes a value to the region; false where the region does not end in reshapes.
  private func follow(
    _ value: ValueID, _ inner: Shape, _ outer: Shape, _ region: inout Region, _ net: inout Rewriter
  ) -> Bool {
    guard region.sources[value] == nil else { return true }
    guard net.shape(value) == inner, let producer = net.graph[value].producer,
      let kind = net.kind(producer), let op = net.op(producer)
    else { return false }
    if Rewriter.reshapers.contains(kind) {
      guard let source = net.input(producer, 0), net.shape(source) == outer else { return false }
      region.sources[value] = source
      return true
    }
    if region.members.contains(producer) { return true }
    guard region.members.count < Self.horizon, net.isElementwise(op, kind),
      net.graph[producer].outputs.count == 1
    else { return false }
    for (slot, input) in net.graph[producer].inputs.enumerated() {
      guard let input, !net.keepsOperand(kind, slot) else { continue }
      if let constant = net.constant(input) {
        let rank = constant.dimensions.count
        guard rank <= min(inner.rank, outer.rank),
          constant.count == 1
            || inner.dimensions.suffix(rank) == outer.dimensions.suffix(rank)
        else { return false }
      } else if !follow(input, inner, outer, &region, &net) {
        return false
      }
    }
    if !region.members.contains(producer) { region.members.append(producer) }
    return true
  }
}
