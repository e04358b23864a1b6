internal import IR
internal import Operators

extension Surgery {
  /// Puts numbers in place of elements of a shape that is computed when the model runs; those that
  /// nothing reads are left alone.
  func overwrite(
    _ lengths: [Int: Int], at port: Port, of node: NodeID, in model: inout Model
  ) throws(Obstacle) {
    let facts = coupling.facts
    let value: ValueID?
    var numbers = lengths
    switch port {
    case .input(let slot): value = facts.graph[node].inputs[safe: slot] ?? nil
    case .output(let slot):
      value = facts.graph[node].outputs[safe: slot] ?? nil
      if let value, let read = facts.readElements(of: value) {
        numbers = lengths.filter { read.contains($0.key) }
      }
    }
    guard let value, !numbers.isEmpty else { return }
    let count = facts.graph[value].tensorType?.shape?.dimensions.first?.value
    guard let count, numbers.keys.allSatisfy({ $0 < count }) else {
      throw Obstacle(node: node, reason: "the number of lengths that it reads is not known")
    }
    let type = facts.graph[value].tensorType?.elementType ?? .int64
    let name = facts.graph[value].name
    let mask = Tensor(
      .bool, [count], Storage((0..<count).map { numbers[$0] == nil ? 0 : 1 as UInt8 }))
    let values = (0..<count).map { numbers[$0] ?? 0 }
    let constant =
      type == .int32
      ? Tensor(.int32, [count], Storage(values.map { Int32(clamping: $0) }))
      : Tensor(int64: values, [count])
    let fresh = model.graph.addFreshValue("\(name)_lengths", type: facts.graph[value].type)
    let source: ValueID
    let target: ValueID
    switch port {
    case .input: (source, target) = (value, fresh)
    case .output: (source, target) = (fresh, value)
    }
    let overwriting = ShapeNodes.overwrite(
      source, with: model.graph.addInitializer("\(name)_kept_lengths", constant),
      where: model.graph.addInitializer("\(name)_is_kept", mask), into: target,
      opset: model.opset(of: "") ?? 0)
    guard let overwriting else {
      throw Obstacle(node: node, reason: "its shape is computed, which this opset cannot change")
    }
    switch port {
    case .input(let slot):
      model.graph.add(overwriting, before: node)
      model.graph.setInput(node, slot: slot, to: fresh)
    case .output(let slot):
      model.graph.setOutput(node, slot: slot, to: fresh)
      model.graph.add(overwriting, after: node)
    }
  }
}

extension TypedGraph {
  /// The elements of a one-dimensional tensor that its readers take; nil when it may be all.
  fileprivate func readElements(of value: ValueID) -> Set<Int>? {
    var read: Set<Int> = []
    for use in graph[value].uses {
      guard case .input(let node, let slot) = use, let op = op(node) else { return nil }
      let rule = op.channels(inputs(node), outputs(node))
      guard rule.barrier == nil else { return nil }
      for case .moves(let moved, let passing) in rule.relations {
        guard moved.contains(slot) else { return nil }
        let tracing = LabelTracing(
          op: op, inputs: inputs(node), outputs: outputs(node), moved: moved, passing: passing)
        guard let axes = try? tracing.axes() else { return nil }
        for axis in axes where axis.from.port == .input(slot) { read.formUnion(axis.present) }
      }
      guard rule.relations.contains(where: { if case .moves = $0 { true } else { false } }) else {
        return nil
      }
    }
    return read
  }
}
