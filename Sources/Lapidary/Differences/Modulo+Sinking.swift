internal import IR
internal import Operators

extension MovementForm {
  /// Makes products of a last axis with a constant matrix products of two matrices, and takes reshapes and
  /// transpositions behind what computes the same on the tensor before: functions of elements,
  /// normalisations along axes that are there too. So a layer on the positions of a sequence reads the
  /// same whether an exporter writes them along one axis or two.
  mutating func sink() {
    var known: [ValueID: Wrap] = [:]
    for id in facts.graph.nodeIDs {
      guard let op = facts.op(id), let output = facts.graph[id].outputs.first ?? nil,
        facts.graph[id].outputs.dropFirst().allSatisfy({ $0 == nil }),
        let shape = facts.operand(output).type.shape, !shape.dimensions.contains(.unknown)
      else { continue }
      if moves(id) {
        known[output] = wrap(of: id, op, shape, known)
        continue
      }
      if case .binary? = op.computation { narrow(id) }
      if let flat = flatten(id, op, shape, output) {
        known[output] = flat
        continue
      }
      guard let inner = operands(of: id, known), let wrap = inner.values.first,
        let form = form(of: id, op, inner, shape), let target = target(wrap)
      else { continue }
      let sunk = graph.addFreshValue("\(graph[output].name)_sunk")
      for (slot, value) in form.inputs { graph.setInput(id, slot: slot, to: value) }
      if let axis = form.axis { graph[id].setAttribute("axis", .int(axis)) }
      graph.setOutput(id, slot: 0, to: sunk)
      let move =
        wrap.order.map { SurgeryNodes.transpose(sunk, $0, into: output, name: "") }
        ?? MovementNodes.reshape(sunk, constant(target), into: output)
      graph.add(move, after: id)
      known[output] = Wrap(source: sunk, from: wrap.from, to: shape, order: wrap.order)
      isChanged = true
    }
  }

  /// Makes a product of the last of several axes with a constant matrix one of two matrices.
  private mutating func flatten(
    _ id: NodeID, _ op: any Operator, _ shape: Shape, _ output: ValueID
  ) -> Wrap? {
    guard case .product(.stacks, of: .plain)? = op.computation,
      let data = facts.graph[id].inputs.first ?? nil, facts.constant(data) == nil,
      let from = facts.operand(data).type.shape, from.rank > 2, let depth = from.dimensions.last,
      let weight = facts.graph[id].inputs[safe: 1] ?? nil,
      facts.constant(weight)?.dimensions.count == 2, let width = shape.dimensions.last,
      let length = depth.value
    else { return nil }
    let rows = from.dimensions.dropLast().reduce(Dimension.known(1)) { $0 * $1 }
    guard rows != .unknown, let before = lengths(Shape([rows, width])), let to = lengths(shape),
      let target = target(to, from: before)
    else { return nil }
    let stem = graph[output].name
    let flat = graph.addFreshValue("\(stem)_rows"), product = graph.addFreshValue("\(stem)_product")
    graph.add(MovementNodes.reshape(data, constant([-1, length]), into: flat), before: id)
    graph.setInput(id, slot: 0, to: flat)
    graph.setOutput(id, slot: 0, to: product)
    graph.add(MovementNodes.reshape(product, constant(target), into: output), after: id)
    isChanged = true
    return Wrap(source: product, from: Shape([rows, width]), to: shape)
  }

  /// A value that has the elements of another one.
  private struct Wrap {
    let source: ValueID
    let from: Shape
    let to: Shape
    /// The transposition that it is; nil for a reshape.
    var order: [Int]?
  }

  /// A node that reads what was reshaped.
  private struct Sunk {
    var inputs: [Int: ValueID] = [:]
    var axis: Int?
  }

  /// The target of the reshape; empty for a transposition.
  private mutating func target(_ wrap: Wrap) -> [Int]? {
    if wrap.order != nil { return [] }
    guard let from = lengths(wrap.from), let to = lengths(wrap.to) else { return nil }
    return target(to, from: from)
  }

  private func wrap(
    of id: NodeID, _ op: any Operator, _ shape: Shape, _ known: [ValueID: Wrap]
  ) -> Wrap? {
    guard let data = facts.graph[id].inputs.first ?? nil, facts.constant(data) == nil,
      let from = facts.operand(data).type.shape, !from.dimensions.contains(.unknown)
    else { return nil }
    if case .transposition(let order)? = op.computation {
      let order = order ?? Array(from.dimensions.indices.reversed())
      return Wrap(source: data, from: from, to: shape, order: order)
    }
    if let before = known[data], before.order == nil {
      return Wrap(source: before.source, from: before.from, to: shape)
    }
    return Wrap(source: data, from: from, to: shape)
  }

  /// What an operator reads, where all of it that is no constant was reshaped alike.
  private func operands(of id: NodeID, _ known: [ValueID: Wrap]) -> [Int: Wrap]? {
    var found: [Int: Wrap] = [:]
    for (slot, input) in facts.graph[id].inputs.enumerated() {
      guard let input, facts.constant(input) == nil else { continue }
      guard let wrap = known[input] else { return nil }
      if let other = found.values.first,
        other.from != wrap.from || other.to != wrap.to || other.order != wrap.order
      {
        return nil
      }
      found[slot] = wrap
    }
    return found.isEmpty ? nil : found
  }

  /// The node on what was reshaped; nil where it asks for the axes.
  private mutating func form(
    of id: NodeID, _ op: any Operator, _ wraps: [Int: Wrap], _ shape: Shape
  ) -> Sunk? {
    guard let wrap = wraps.values.first else { return nil }
    let sources = wraps.mapValues(\.source)
    let same = Sunk(inputs: sources)
    if op is any Conversion { return same }
    switch op.computation {
    case .function, .clamp: return wraps.keys.elementsEqual([0]) ? same : nil
    case .binary:
      return shape == wrap.to && broadcastsAlike(id, wrap) ? same : nil
    case .softmax(let runs, isLogarithm: _) where !runs.flattens:
      guard let axis = LinearForm.place(runs.axis, rank: wrap.to.rank),
        let place = place(of: axis, wrap)
      else { return nil }
      return Sunk(inputs: sources, axis: place)
    case .rowNormalization(let form):
      guard wraps.keys.elementsEqual([0]), wrap.order == nil,
        let first = LinearForm.place(form.axis, rank: wrap.to.rank)
      else { return nil }
      let count = wrap.to.rank - first
      guard wrap.from.rank >= count,
        wrap.from.dimensions.suffix(count) == wrap.to.dimensions.suffix(count)
      else { return nil }
      return Sunk(inputs: sources, axis: wrap.from.rank - count)
    default: return nil
    }
  }

  /// The axis before a movement that an axis behind it is.
  private mutating func place(of axis: Int, _ wrap: Wrap) -> Int? {
    if let order = wrap.order { return order[safe: axis] }
    guard let from = lengths(wrap.from), let to = lengths(wrap.to) else { return nil }
    let inner = to[(axis + 1)...].reduce(1, *)
    return from.indices.first {
      from[$0] == to[axis] && from[($0 + 1)...].reduce(1, *) == inner
    }
  }

  /// Whether all constants broadcast over a reshaped value as they do over the value before.
  private func broadcastsAlike(_ id: NodeID, _ wrap: Wrap) -> Bool {
    facts.graph[id].inputs.allSatisfy { input in
      guard let input, let constant = facts.constant(input) else { return true }
      let count = constant.dimensions.drop { $0 == 1 }.count
      if wrap.order != nil { return count == 0 }
      return count <= min(wrap.from.rank, wrap.to.rank)
        && wrap.from.dimensions.suffix(count) == wrap.to.dimensions.suffix(count)
    }
  }

  /// Leaves out leading axes of length 1 of constants, where another operand has as many axes: they
  /// broadcast without.
  private mutating func narrow(_ id: NodeID) {
    let inputs = facts.graph[id].inputs
    let rank = inputs.reduce(0) { rank, input in
      guard let input, facts.constant(input) == nil else { return rank }
      return max(rank, facts.operand(input).type.shape?.rank ?? 0)
    }
    for (slot, input) in inputs.enumerated() {
      guard let input, let constant = facts.constant(input), constant.dimensions.count <= rank,
        constant.dimensions.first == 1
      else { continue }
      var narrow = constant
      narrow.dimensions = Array(constant.dimensions.drop { $0 == 1 })
      let value = graph.addInitializer("\(graph[input].name)_narrow", narrow)
      graph.setInput(id, slot: slot, to: value)
      isChanged = true
    }
  }
}
