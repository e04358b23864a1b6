internal import IR
internal import Rewriting

/// `concat(a, concat(b, c), d) = concat(a, b, c, d)` along the same axis.
struct FlattenConcat: FusionRule {
  static let name = "flatten-concat"
  static let summary = "a Concat inside a Concat along the same axis joins it"
  static let roots = ["Concat"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let result = net.output(id), let rank = net.rank(result) else { return .noMatch }
    func place(_ axis: Int) -> Int { axis < 0 ? axis + rank : axis }
    let axis = place(net.int(id, "axis", 0))
    for (slot, value) in net.graph[id].inputs.enumerated() {
      guard let value, let inner = net.producer(of: value, "Concat"),
        place(net.int(inner, "axis", 0)) == axis
      else { continue }
      if let obstacle = net.obstacle(over: value) { return .declined(obstacle) }
      let absorbed = net.graph.label(inner)
      var inputs = net.graph[id].inputs
      inputs.replaceSubrange(slot...slot, with: net.graph[inner].inputs)
      net.setInputs(id, inputs)
      return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
    }
    return .noMatch
  }
}

/// Joining all parts of a Split again, in order and along the same axis, gives what was split.
struct CancelSplit: FusionRule {
  static let name = "cancel-split"
  static let summary = "a Concat of all parts of a Split along the same axis goes"
  static let roots = ["Concat"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    let inputs = net.graph[id].inputs
    guard let first = inputs.first ?? nil, let split = net.producer(of: first, "Split"),
      net.graph[split].outputs == inputs, let rank = net.rank(first),
      let source = net.input(split, 0)
    else { return .noMatch }
    func place(_ axis: Int) -> Int { axis < 0 ? axis + rank : axis }
    guard place(net.int(id, "axis", 0)) == place(net.int(split, "axis", 0)) else { return .noMatch }
    let label = net.graph.label(split)
    if let obstacle = net.bypass(id, with: source) { return .declined(obstacle) }
    return .applied("it joins what \(label) split")
  }
}

/// Two Slices along different axes are one Slice along both.
struct MergeSlices: FusionRule {
  static let name = "merge-slices"
  static let summary = "Slices in a row along different axes become one"
  static let roots = ["Slice"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard net.opset >= 10, let middle = net.input(id, 0),
      let first = net.producer(of: middle, "Slice"), let source = net.input(first, 0),
      let rank = net.rank(source), let a = net.bounds(first, rank: rank),
      let b = net.bounds(id, rank: rank)
    else { return .noMatch }
    guard Set(a.axes).isDisjoint(with: b.axes) else {
      return .declined("both slice the same axis")
    }
    if let obstacle = net.obstacle(over: middle) { return .declined(obstacle) }
    let absorbed = net.graph.label(first)
    let stem = net.graph[net.output(id)!].name
    var inputs: [ValueID?] = [source]
    for (name, values) in [
      ("starts", a.starts + b.starts), ("ends", a.ends + b.ends), ("axes", a.axes + b.axes),
      ("steps", a.steps + b.steps),
    ] {
      inputs.append(net.newConstant("\(stem)_\(name)", Tensor(int64: values, [values.count])))
    }
    net.setInputs(id, inputs)
    return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
  }
}

/// Constant bounds of a Slice.
private struct Bounds {
  let starts: [Int]
  let ends: [Int]
  /// The axes, not negative.
  let axes: [Int]
  let steps: [Int]
}

extension Rewriter {
  fileprivate func bounds(_ id: NodeID, rank: Int) -> Bounds? {
    guard let starts = integers(input(id, 1)), let ends = integers(input(id, 2)),
      starts.count == ends.count
    else { return nil }
    var axes = Array(starts.indices), steps = [Int](repeating: 1, count: starts.count)
    if let value = input(id, 3) {
      guard let given = integers(value) else { return nil }
      axes = given.map { $0 < 0 ? $0 + rank : $0 }
    }
    if let value = input(id, 4) {
      guard let given = integers(value) else { return nil }
      steps = given
    }
    guard axes.count == starts.count, steps.count == starts.count else { return nil }
    return Bounds(starts: starts, ends: ends, axes: axes, steps: steps)
  }
}

/// Slices that together cut a tensor into consecutive parts are one Split.
struct SlicesToSplit: FusionRule {
  static let name = "slices-to-split"
  static let summary = "Slices that cut a tensor into consecutive parts become one Split"
  static let roots = ["Slice"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard net.opset >= 13, let source = net.input(id, 0), let shape = net.shape(source),
      let own = net.bounds(id, rank: shape.rank), own.axes.count == 1, own.steps == [1],
      let length = shape.rank > own.axes[0] ? shape[own.axes[0]].value : nil, own.starts == [0]
    else { return .noMatch }
    let axis = own.axes[0]
    var parts: [(start: Int, end: Int, node: NodeID)] = []
    for use in net.graph[source].uses {
      guard case .input(let node, 0) = use, net.kind(node) == "Slice",
        let bounds = net.bounds(node, rank: shape.rank), bounds.axes == [axis],
        bounds.steps == [1]
      else { continue }
      func clamped(_ place: Int) -> Int {
        min(max(place < 0 ? place.addingReportingOverflow(length).partialValue : place, 0), length)
      }
      let start = clamped(bounds.starts[0]), end = clamped(bounds.ends[0])
      if start < end { parts.append((start, end, node)) }
    }
    parts.sort { ($0.start, $0.end, $0.node) < ($1.start, $1.end, $1.node) }
    guard parts.count > 1 else { return .noMatch }
    var reached = 0
    for part in parts {
      guard part.start == reached else { return .noMatch }
      reached = part.end
    }
    guard reached == length, let first = parts.first, first.node == id else { return .noMatch }
    let outputs = parts.compactMap { net.output($0.node) }
    guard outputs.count == parts.count else { return .noMatch }
    let labels = parts.dropFirst().map { net.graph.label($0.node) }
    let sizes = parts.map { $0.end - $0.start }
    let stem = net.graph[outputs[0]].name
    let constant = net.newConstant("\(stem)_sizes", Tensor(int64: sizes, [sizes.count]))
    if let refusal = net.become(
      id, "Split", inputs: [source, constant], attributes: [Attribute("axis", .int(axis))],
      results: parts.count)
    {
      return .declined(refusal)
    }
    for part in parts.dropFirst() { net.remove(part.node) }
    net.appendOutputs(id, Array(outputs.dropFirst()))
    return .applied("took in \(labels.joined(separator: ", "))", survivor: id, absorbed: labels)
  }
}

/// `gather(gather(x, i), j) = gather(x, i[j])` for constant vectors of indices along one axis.
struct MergeGathers: FusionRule {
  static let name = "merge-gathers"
  static let summary = "Gathers in a row by constant indices along the same axis become one"
  static let roots = ["Gather"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let middle = net.input(id, 0), let first = net.producer(of: middle, "Gather"),
      let source = net.input(first, 0), let rank = net.rank(source),
      let inner = net.input(first, 1), let outer = net.input(id, 1), net.rank(inner) == 1,
      let i = net.integers(inner), let j = net.integers(outer),
      let shape = net.constant(outer)?.dimensions
    else { return .noMatch }
    func place(_ axis: Int) -> Int { axis < 0 ? axis + rank : axis }
    guard place(net.int(first, "axis", 0)) == place(net.int(id, "axis", 0)) else { return .noMatch }
    guard j.allSatisfy({ $0 >= -i.count && $0 < i.count }) else { return .noMatch }
    if let obstacle = net.obstacle(over: middle) { return .declined(obstacle) }
    let merged = j.map { i[$0 < 0 ? $0 + i.count : $0] }
    let absorbed = net.graph.label(first)
    let constant = net.newConstant(net.graph[outer].name, Tensor(int64: merged, shape))
    net.setInputs(id, [source, constant])
    return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
  }
}
