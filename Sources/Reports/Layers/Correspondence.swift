internal import IR
internal import Operators

/// How the channels of two graphs correspond whose items have been paired.
///
/// Layers are visited in order. What an operator states of its axes (`ChannelRule`) carries the
/// correspondence from its operands to its weights and on to its results; along an axis where nothing
/// is known yet, the rows of a weight are matched by their elements.
final class Correspondence {
  private let a: DiffGraph
  private let b: DiffGraph
  private let matcher: Matcher
  private let facts: TypedGraph
  private let otherFacts: TypedGraph
  /// For values of the second graph the axes along which channels moved.
  private var maps: [DiffGraph.Source: [Int: ChannelMap]] = [:]
  private var changes: [[Int]: WeightChange] = [:]
  /// Whether some order of channels reaches a place that gives it a meaning.
  private(set) var isBroken = false

  init(
    _ a: DiffGraph, _ b: DiffGraph, _ matcher: Matcher, _ facts: (a: TypedGraph, b: TypedGraph)
  ) {
    self.a = a
    self.b = b
    self.matcher = matcher
    self.facts = facts.a
    otherFacts = facts.b
    for (item, other) in matcher.counterpart.enumerated() {
      if let other { visit(item, other) }
    }
    for source in b.outputs where maps[source]?.values.contains(where: { !$0.isIdentity }) ?? false
    {
      isBroken = true
    }
  }

  /// What became of a constant; nil where nothing is known.
  func change(_ m: Int, _ n: Int) -> WeightChange? { changes[[m, n]] }

  /// Where the indices along axes of a value of the second graph lie in the first graph's, for those
  /// axes along which they moved.
  func moved(_ source: DiffGraph.Source) -> [Int: ChannelMap] {
    (maps[source] ?? [:]).filter { !$0.value.isIdentity }
  }

  private func visit(_ i: Int, _ j: Int) {
    let id = a.items[i].id
    let operands = OperandPairs.of(a, i, b, j, matcher)
    let inputs = facts.inputs(id), outputs = facts.outputs(id)
    let rule = facts.op(id)?.channels(inputs, outputs)
    var axes = AxisMaps(rule)
    for (slot, place) in operands {
      guard let source = b.items[j].inputs[safe: place] else { continue }
      for (axis, map) in maps[source] ?? [:] { axes.set(Axis(.input(slot), axis), map) }
    }
    axes.spread()
    if !axes.moved.isEmpty { follow(id, b.items[j].id, &axes) }
    for (slot, place) in operands {
      guard case .constant(let m)? = a.items[i].inputs[safe: slot],
        case .constant(let n)? = b.items[j].inputs[safe: place]
      else { continue }
      solve(m, n, slot, &axes, b.graph[b.items[j].id].metadata)
      axes.spread()
    }
    if axes.isBroken { isBroken = true }
    for (slot, _) in outputs.enumerated() {
      let found = axes.maps(of: .output(slot))
      if !found.isEmpty { maps[.result(item: j, output: slot)] = found }
    }
  }

  /// Follows the channels of operands whose elements are only moved.
  private func follow(_ id: NodeID, _ other: NodeID, _ axes: inout AxisMaps) {
    let slots = axes.moved
    guard let moved = MovedChannels(facts, id, otherFacts, other, slots) else { return }
    let known = slots.map { axes.maps(of: .input($0)) }
    for axis in Set(known.flatMap(\.keys)).sorted() {
      // An operand of which nothing is known is whole, or it is not known what became of it.
      var maps: [ChannelMap] = []
      for (slot, known) in zip(slots, known) {
        let lengths = [facts.inputs(id), otherFacts.inputs(other)].map {
          $0.shape(slot)?.dimensions[safe: axis]
        }
        if let map = known[axis] {
          maps.append(map)
        } else if let length = lengths[0]?.value, lengths[1] == lengths[0] {
          maps.append(.identity(length))
        }
      }
      guard maps.count == slots.count else { continue }
      for (target, found) in moved.outputs(axis, maps) {
        axes.carry(slots.map { Axis(.input($0), axis) }, to: target, found)
      }
    }
  }

  /// Finds how a constant of the second graph comes from one of the first.
  ///
  /// - Parameter metadata: those of the second graph's node, which may say what weights do not tell.
  private func solve(
    _ m: Int, _ n: Int, _ slot: Int, _ axes: inout AxisMaps, _ metadata: [MetadataEntry]
  ) {
    let x = a.constants[m], y = b.constants[n]
    let known = axes.maps(of: .input(slot))
    let output = axes.producing(slot)
    guard x.hash != y.hash || known.values.contains(where: { !$0.isIdentity }) else { return }
    let shape = (x.tensor.dimensions, y.tensor.dimensions)
    guard let rows = RowMatching(x.tensor, y.tensor) else { return }
    var maps = shape.0.indices.map { axis -> ChannelMap? in
      if let map = known[axis], map.places.count == shape.1[axis], map.length == shape.0[axis] {
        return map
      }
      let isOpen = axis == output || shape.0[axis] != shape.1[axis]
      return isOpen ? nil : .identity(shape.0[axis])
    }
    let open = maps.indices.filter { maps[$0] == nil }
    let recorded = output.flatMap { output -> ChannelMap? in
      guard let record = ChannelRecord(in: metadata, of: shape.0[output]),
        record.kept.count == shape.1[output]
      else { return nil }
      return ChannelMap(record.kept, of: record.length)
    }
    if open.count == 1 {
      maps[open[0]] = rows.rows(
        axis: open[0], knowing: maps, recorded: open[0] == output ? recorded : nil)
    }
    if open.count == 2, let found = rows.both(open[0], open[1], knowing: maps) { maps = found }
    if let output, maps[output] == nil { maps[output] = recorded }
    for (axis, map) in maps.enumerated() {
      if let map { axes.set(Axis(.input(slot), axis), map) }
    }
    let whole = maps.compactMap { $0 }
    changes[[m, n]] = WeightChange(
      from: shape.0, to: shape.1, outputAxis: output, maps: maps,
      difference: whole.count == maps.count ? rows.difference(whole) : nil)
  }
}

/// Correspondences along the axes of one node's operands.
struct AxisMaps {
  private let relations: [ChannelRule.Relation]
  private let barrier: Bool
  private var known: [Axis: ChannelMap] = [:]
  private var disagrees = false
  /// Axes of inputs that labels were followed along.
  private var carried: Set<Axis> = []

  init(_ rule: ChannelRule?) {
    relations = rule?.relations ?? []
    barrier = rule == nil || rule?.barrier != nil
  }

  /// The inputs whose elements the operator only moves, so that labels tell where they go.
  var moved: [Int] {
    for case .moves(let inputs, _) in relations { return inputs }
    return []
  }

  /// Notes where labels have shown axes of moved inputs to go.
  mutating func carry(_ axes: [Axis], to output: Int, _ map: ChannelMap) {
    known[Axis(.output(0), output)] = map
    carried.formUnion(axes)
  }

  mutating func set(_ axis: Axis, _ map: ChannelMap) {
    if let old = known[axis], old != map { disagrees = true }
    known[axis] = map
  }

  /// Whether two operands disagree, or an order of channels meets what is known to give it a meaning.
  var isBroken: Bool {
    disagrees
      || known.contains { axis, map in
        guard !map.isIdentity, !isCarried(axis) else { return false }
        if case .input = axis.port { return !carried.contains(axis) }
        return false
      }
  }

  /// Whether some relation says what becomes of an order along the axis.
  private func isCarried(_ axis: Axis) -> Bool {
    if barrier { return false }
    return relations.contains { relation in
      switch relation {
      case .same(let x, let y), .spread(let x, let y, _), .tiled(let x, let y, _),
        .part(let x, let y, _):
        x == axis || y == axis
      case .reduced(let x), .interchangeable(let x), .doesNotCommute(let x): x == axis
      default: false
      }
    }
  }

  /// The correspondences of one operand by axis.
  func maps(of port: Port) -> [Int: ChannelMap] {
    var found: [Int: ChannelMap] = [:]
    for (axis, map) in known where axis.port == port { found[axis.axis] = map }
    return found
  }

  /// The axis of a weight along which the layer's channels lie.
  func producing(_ slot: Int) -> Int? {
    for case .produces(let axis) in relations where axis.port == .input(slot) { return axis.axis }
    return nil
  }

  /// Carries what is known along the relations until nothing changes.
  mutating func spread() {
    var changed = true
    while changed {
      changed = false
      for relation in relations {
        switch relation {
        case .same(let x, let y):
          if let map = known[x], known[y] == nil { (known[y], changed) = (map, true) }
          if let map = known[y], known[x] == nil { (known[x], changed) = (map, true) }
        case .spread(let x, let y, let factor):
          if let map = known[x], known[y] == nil {
            (known[y], changed) = (map.spread(factor), true)
          }
          if let map = known[y], known[x] == nil, let whole = map.gathered(factor) {
            (known[x], changed) = (whole, true)
          }
        default: break
        }
      }
      if !changed { changed = join() }
    }
    for case .same(let x, let y) in relations {
      if let p = known[x], let q = known[y], p != q { disagrees = true }
    }
  }

  /// Joins the parts of an axis once some are known; the others are whole.
  private mutating func join() -> Bool {
    var parts: [Axis: [(start: Int, axis: Axis)]] = [:]
    for case .part(let axis, let whole, let start) in relations {
      parts[whole, default: []].append((start, axis))
    }
    for (whole, list) in parts where known[whole] == nil {
      let sorted = list.sorted { $0.start < $1.start }
      guard sorted.contains(where: { known[$0.axis] != nil }) else { continue }
      var maps: [ChannelMap] = []
      for (index, part) in sorted.enumerated() {
        if let map = known[part.axis] {
          maps.append(map)
        } else if let next = sorted[safe: index + 1] {
          maps.append(.identity(next.start - part.start))
        } else {
          return false
        }
      }
      known[whole] = .joined(maps)
      return true
    }
    return false
  }
}

/// Operands of two paired items: which place of the second each slot of the first goes with.
enum OperandPairs {
  static func of(
    _ a: DiffGraph, _ i: Int, _ b: DiffGraph, _ j: Int, _ matcher: Matcher
  ) -> [(slot: Int, place: Int)] {
    let x = a.items[i].inputs, y = b.items[j].inputs
    let straight = Array(zip(x.indices, x.indices))
    guard a.items[i].isCommutative, x.count == 2, y.count == 2 else { return straight }
    func fits(_ p: DiffGraph.Source, _ q: DiffGraph.Source) -> Bool {
      switch (p, q) {
      case (.constant, .constant): true
      case (.input(let m), .input(let n)): m == n
      case (.result(let m, let k), .result(let n, let l)): matcher.counterpart[m] == n && k == l
      default: false
      }
    }
    let isCrossed = !fits(x[0], y[0]) && !fits(x[1], y[1]) && (fits(x[0], y[1]) || fits(x[1], y[0]))
    return isCrossed ? [(0, 1), (1, 0)] : straight
  }
}
