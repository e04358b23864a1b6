internal import IR
internal import Operators
internal import Reports

extension ModelView {
  /// Puts in the place of operators on integers those that do the same to the numbers that the integers
  /// stand for, weights dequantized, and notes what was quantized.
  ///
  /// - Returns: whether there were any.
  mutating func takeForNumbers(_ facts: TypedGraph, isFirst: Bool) -> Bool {
    var form = IntegerForm(facts: facts, view: self, isFirst: isFirst)
    for id in facts.graph.nodeIDs {
      switch facts.op(id)?.numbers(facts.inputs(id)) {
      case .node(let node): form.replace(id, node)
      case .quantizing: form.pass(id)
      case nil: continue
      }
    }
    form.removeIdle()
    self = form.view
    return form.isChanged
  }
}

/// A view on its way from operators on integers to operators on numbers.
private struct IntegerForm {
  let facts: TypedGraph
  var view: ModelView
  let isFirst: Bool
  var isChanged = false
  /// Nodes that made scales, which may have no readers left.
  private var scaling: [NodeID] = []

  init(facts: TypedGraph, view: ModelView, isFirst: Bool) {
    self.facts = facts
    self.view = view
    self.isFirst = isFirst
  }

  private var graph: Graph { view.model.graph }

  /// Lets readers of integers that are found on the way read the numbers themselves.
  mutating func pass(_ id: NodeID) {
    guard let input = facts.graph[id].inputs.first ?? nil,
      let output = facts.graph[id].outputs.first ?? nil,
      let type = facts.outputs(id).first?.elementType, !graph.isOutput(output),
      !graph.isCaptured(output)
    else { return }
    for reader in Set(graph[output].uses.compactMap(\.node)).sorted() {
      note(reader, .activation, "dynamic \(type)", scales: 1, output)
    }
    view.model.graph.replaceInputs(of: output, with: input)
    scaling.append(id)
    isChanged = true
  }

  /// Makes a node the operator on numbers; it stays where constants or scales are not known.
  mutating func replace(_ id: NodeID, _ form: NumberNode) {
    let node = facts.graph[id]
    guard let output = node.outputs.first ?? nil else { return }
    var following: FollowingScale?
    if form.isUnscaled {
      following = FollowingScale(behind: output, facts)
      guard following != nil else { return }
    }
    var inputs: [ValueID?] = []
    var notes: [(Quantization.Part, ElementType, Int, ValueID)] = []
    for operand in form.operands {
      guard let value = node.inputs[safe: operand.slot] ?? nil else {
        inputs.append(nil)
        continue
      }
      let type = facts.operand(value).type.elementType
      guard let constant = facts.graph.constant(value), !type.isFloatingPoint else {
        // Integers that are found on the way have given their place to the numbers.
        inputs.append(graph[id].inputs[operand.slot])
        if operand.scale != nil { notes.append((.activation, type, 1, value)) }
        continue
      }
      guard
        let scales = self.scales(operand, form, node) ?? following?.scale.floats,
        let numbers = operand.numbers(constant, scales, zeroPoints(operand, node))
      else { return }
      inputs.append(view.model.graph.addInitializer("\(graph[value].name)_numbers", numbers))
      notes.append(
        (constant.dimensions.count > 1 ? .weight : .bias, type, scales.count, value))
    }
    while inputs.last == .some(nil) { inputs.removeLast() }
    become(id, form, inputs)
    for (part, type, scales, value) in notes { note(id, part, "\(type)", scales: scales, value) }
    noteRange(id, form)
    if let following { leaveOut(following, behind: id, output) }
    if form.isUnscaled { view.hasOpenSums = true }
    isChanged = true
  }

  /// The scales of a constant operand; nil where they come behind the operator.
  private func scales(_ operand: NumberNode.Operand, _ form: NumberNode, _ node: Node) -> [Float]? {
    func floats(_ slot: Int?) -> [Float]? {
      slot.flatMap { node.inputs[safe: $0] ?? nil }.flatMap { facts.graph.constant($0)?.floats }
    }
    guard operand.isSum else { return floats(operand.scale) }
    guard let left = floats(form.operands[0].scale)?.first,
      let right = floats(form.operands[1].scale)
    else { return nil }
    return right.map { left * $0 }
  }

  private func zeroPoints(_ operand: NumberNode.Operand, _ node: Node) -> [Int] {
    let value = operand.zeroPoint.flatMap { node.inputs[safe: $0] ?? nil }
    return value.flatMap { facts.graph.constant($0)?.integers } ?? [0]
  }

  private mutating func become(_ id: NodeID, _ form: NumberNode, _ inputs: [ValueID?]) {
    for (slot, input) in inputs.enumerated() {
      view.model.graph.setInput(id, slot: slot, to: input)
    }
    view.model.graph.truncateInputs(id, to: inputs.count)
    view.model.graph[id].type = form.op.type
    view.model.graph[id].domain = form.op.domain.isEmpty ? nil : form.op.domain
    view.model.graph[id].attributes.removeAll { form.droppedAttributes.contains($0.name) }
    for output in graph[id].outputs.compactMap({ $0 }) where !graph.isOutput(output) {
      view.model.graph.setType(output, nil)
    }
  }

  /// What the integers of a result can stand for.
  private mutating func noteRange(_ id: NodeID, _ form: NumberNode) {
    let node = facts.graph[id]
    func constant(_ slot: Int) -> Tensor? {
      (node.inputs[safe: slot] ?? nil).flatMap { facts.graph.constant($0) }
    }
    guard let slot = form.result, let scale = constant(slot)?.floats?.first,
      let limits = ModelView.limits[facts.outputs(id).first?.elementType ?? .undefined]
    else { return }
    let zero = constant(slot + 1)?.integers?.first ?? 0
    view.ranges[id] =
      Float(limits.lowerBound - zero) * scale...Float(limits.upperBound - zero) * scale
  }

  /// Takes out the nodes behind a product of integers that made numbers of it.
  private mutating func leaveOut(
    _ following: FollowingScale, behind id: NodeID, _ output: ValueID
  ) {
    for node in following.nodes { view.model.graph.remove(node) }
    if graph.isOutput(following.result) {
      view.model.graph.setOutput(id, slot: 0, to: following.result)
    } else {
      view.model.graph.replaceInputs(of: following.result, with: output)
    }
    scaling += following.scaling
  }

  /// Removes what made scales that nothing reads any more.
  mutating func removeIdle() {
    for id in Set(scaling).sorted().reversed() where graph.contains(id) {
      let outputs = graph[id].outputs.compactMap { $0 }
      guard outputs.allSatisfy({ graph[$0].uses.isEmpty && !graph.isOutput($0) }) else { continue }
      view.model.graph.remove(id)
    }
  }

  private mutating func note(
    _ id: NodeID, _ part: Quantization.Part, _ type: String, scales: Int, _ value: ValueID
  ) {
    view.notes.append(
      .init(
        id,
        .quantized(
          Quantization(
            part: part, type: type, scales: scales, value: facts.graph[value].name,
            isInFirst: isFirst))))
  }
}

/// The scale by which nodes behind a product of integers make numbers of it, and these nodes.
private struct FollowingScale {
  /// The nodes, in order.
  private(set) var nodes: [NodeID] = []
  /// What the last of them makes.
  private(set) var result: ValueID
  /// The constant part of the scale: that of the weight.
  private(set) var scale: Tensor
  /// Nodes that multiply it by the scale that is found on the way.
  private(set) var scaling: [NodeID] = []

  init?(behind output: ValueID, _ facts: TypedGraph) {
    let graph = facts.graph
    var value = output
    while true {
      guard !graph.isOutput(value), let reader = graph.onlyConsumer(of: value),
        let next = graph[reader].outputs.first ?? nil
      else { return nil }
      nodes.append(reader)
      if EncodingNodes.isCast(graph[reader]) {
        value = next
        continue
      }
      guard MovementNodes.isProduct(graph[reader]),
        let other = graph[reader].inputs.compactMap({ $0 }).first(where: { $0 != value })
      else { return nil }
      result = next
      if let constant = graph.constant(other) {
        scale = constant
        return
      }
      guard let maker = graph[other].producer, MovementNodes.isProduct(graph[maker]),
        let constant = graph[maker].inputs.compactMap({ $0 }).lazy.compactMap({
          graph.constant($0)
        }).first
      else { return nil }
      scale = constant
      scaling = [maker]
      return
    }
  }
}

extension NumberNode.Operand {
  /// The numbers that integers stand for; nil where scales fit no axes.
  fileprivate func numbers(_ tensor: Tensor, _ scales: [Float], _ zeros: [Int]) -> Tensor? {
    guard let integers = tensor.integers else { return nil }
    let shape = tensor.dimensions
    guard let scale = index(scales.count, shape), let zero = index(zeros.count, shape) else {
      return nil
    }
    var numbers = [Float](repeating: 0, count: integers.count)
    for (place, integer) in integers.enumerated() {
      numbers[place] = Float(integer - zeros[zero(place)]) * scales[scale(place)]
    }
    guard isTransposed, shape.count >= 2 else { return Tensor(floats: numbers, shape) }
    let rows = shape[shape.count - 2], columns = shape[shape.count - 1]
    var turned = numbers
    for start in stride(from: 0, to: numbers.count, by: max(1, rows * columns)) {
      for row in 0..<rows {
        for column in 0..<columns {
          turned[start + column * rows + row] = numbers[start + row * columns + column]
        }
      }
    }
    return Tensor(floats: turned, shape.dropLast(2) + [columns, rows])
  }

  /// Which of so many scales an element has.
  private func index(_ count: Int, _ shape: [Int]) -> ((Int) -> Int)? {
    if count == 1 { return { _ in 0 } }
    // A bias has one axis, which its scales run along.
    let places = isSum ? [0] : axes.map { $0 < 0 ? $0 + shape.count : $0 }
    var spans: [AxisSpan] = []
    var product = 1
    for axis in places where axis >= 0 && axis < shape.count {
      spans.append(AxisSpan(shape, axis: axis))
      product *= shape[axis]
      if product == count {
        let found = spans
        return { place in found.reduce(0) { $0 * $1.length + $1.index(of: place) } }
      }
    }
    return nil
  }
}
