internal import Execution
package import IR
internal import Operators

/// The proof that a cut is right (pruning.md, "Oracle"): the original with the removed channels
/// zeroed where they are read must give what the cut model gives.
///
/// Where removal changes what is computed for the channels that stay (a LayerNormalization's
/// statistics), the original is made to compute that node on the kept channels alone.
package struct Oracle {
  let steps: [ProofStep]

  /// The proof of one cut.
  package init(surgery: Surgery) { steps = surgery.proofSteps }

  /// The proof that a plan states.
  init(steps: [ProofStep]) { self.steps = steps }

  /// The original with removed channels without effect.
  ///
  /// - Throws: `ModelError` when a step does not fit the model: what it masks must be summed over by
  ///   the operator, what it selects must have statistics over the axis.
  package func maskedOriginal(_ model: Model) throws(ModelError) -> Model {
    var masked = model
    // Operators and shapes are those of the original, whatever was inserted already.
    let facts = try inferTypes(model)
    for step in steps {
      let place = try find(step, facts)
      switch step.kind {
      case .mask: mask(step, place, &masked.graph, facts)
      case .select: isolate(step, place, &masked.graph, facts)
      }
    }
    try masked.graph.sortTopologically()
    return masked
  }

  /// The node of a step, checked against what its operator says.
  private func find(_ step: ProofStep, _ facts: TypedGraph) throws(ModelError) -> NodeID {
    let axis = Axis(.input(step.input), step.axis)
    guard let value = facts.graph.value(named: step.node),
      let node = facts.graph[value].producer, let op = facts.op(node),
      let length = facts.inputs(node).shape(step.input)?.dimensions[safe: step.axis]?.value,
      !step.kept.isEmpty, step.kept.allSatisfy({ $0.allSatisfy { (0..<length).contains($0) } })
    else {
      throw ModelError(
        .request,
        "plan: expected a node with output '\(step.node)' that can be masked, found none")
    }
    let fits = op.channels(facts.inputs(node), facts.outputs(node)).relations.contains {
      switch $0 {
      case .consumes(let read): step.kind == .mask && read == axis
      case .doesNotCommute(let read), .reduced(let read): step.kind == .select && read == axis
      default: false
      }
    }
    guard fits else {
      throw ModelError(
        .request,
        "plan: \(facts.graph.label(node)) does not sum over axis \(step.axis) of input \(step.input)"
      )
    }
    return node
  }

  private func mask(_ step: ProofStep, _ node: NodeID, _ graph: inout Graph, _ facts: TypedGraph) {
    let axis = Axis(.input(step.input), step.axis)
    guard let value = graph[node].inputs[step.input] else { return }
    guard let weight = graph[value].initializer else {
      return multiply(axis, of: node, keeping: step.kept, &graph, facts)
    }
    if let activation = smallerActivation(node, axis, weight, groups: step.kept.count, facts) {
      let columns = weight.dimensions[step.axis]
      let kept = step.kept.enumerated().flatMap { group, kept in
        kept.map { group * columns + $0 }
      }
      return multiply(activation, of: node, keeping: [kept], &graph, facts)
    }
    let zero = facts.zeroByte(node, step.input, weight)
    let zeroed =
      step.kept.count == 1
      ? weight.zeroing(along: step.axis, except: step.kept[0], zero)
      : weight.zeroing(columns: step.axis, except: step.kept, zero)
    graph.setInput(
      node, slot: step.input, to: graph.addInitializer("\(graph[value].name)_masked", zeroed))
  }

  /// The axis of the activation that a weight's axis is multiplied with, where it takes less to mask
  /// it: zeros there have the same effect.
  private func smallerActivation(
    _ node: NodeID, _ axis: Axis, _ weight: Tensor, groups: Int, _ facts: TypedGraph
  ) -> Axis? {
    guard weight.elementType == .float, let other = facts.activation(node, of: axis),
      case .input(let slot) = other.port,
      let type = facts.inputs(node).operands[safe: slot]??.type, type.elementType == .float,
      let shape = type.shape, shape[other.axis].value == weight.dimensions[axis.axis] * groups
    else { return nil }
    return shape.dimensions.reduce(1) { $0 * Double($1.value ?? 1) } < Double(weight.count)
      ? other : nil
  }

  /// Multiplies an operand by ones and zeros along an axis.
  ///
  /// - Parameter kept: the indices with ones; several lists hold for as many blocks of the rows.
  private func multiply(
    _ axis: Axis, of node: NodeID, keeping kept: [[Int]], _ graph: inout Graph, _ facts: TypedGraph
  ) {
    guard case .input(let slot) = axis.port, let value = graph[node].inputs[safe: slot] ?? nil,
      let shape = facts.inputs(node).shape(slot), let length = shape[axis.axis].value
    else { return }
    var dimensions = [Int](repeating: 1, count: shape.rank)
    dimensions[axis.axis] = length
    let rows = kept.count == 1 ? 1 : shape[0].value ?? 1
    if kept.count > 1 { dimensions[0] = rows }
    var values = [Float](repeating: 0, count: rows * length)
    for row in 0..<rows {
      for index in kept[row * kept.count / rows] { values[row * length + index] = 1 }
    }
    let name = graph[value].name
    let mask = graph.addInitializer("\(name)_mask", Tensor(floats: values, dimensions))
    let output = graph.addFreshValue("\(name)_masked", type: graph[value].type)
    graph.add(ProofNodes.mask(value, by: mask, into: output), before: node)
    graph.setInput(node, slot: slot, to: output)
  }

  /// Selects the kept channels before a node and, where they go on behind it, puts them back in
  /// their places; what stands in the places of the others is read by nobody, for every reader is
  /// masked.
  private func isolate(_ step: ProofStep, _ node: NodeID, _ graph: inout Graph, _ facts: TypedGraph)
  {
    let operands = facts.inputs(node)
    guard let source = graph[node].inputs[step.input], let result = graph[node].outputs[0],
      let length = operands.shape(step.input)?[step.axis].value, let op = facts.op(node)
    else { return }
    let kept = step.kept[0]
    let name = graph[source].name
    let indices = graph.addInitializer("\(name)_kept", Tensor(int64: kept, [kept.count]))
    let selected = graph.addFreshValue("\(name)_selected")
    graph.add(ProofNodes.select(indices, of: source, axis: step.axis, into: selected), before: node)
    graph.setInput(node, slot: step.input, to: selected)
    // Parameters go with the axis that the operator ties them to.
    let here = Axis(.input(step.input), step.axis)
    let relations = op.channels(operands, facts.outputs(node)).relations
    for case .reduced(here) in relations { return }
    for case .same(let a, let b) in relations where a == here || b == here {
      let other = a == here ? b : a
      guard case .input(let slot) = other.port, slot != step.input,
        let value = graph[node].inputs[slot], let tensor = graph[value].initializer
      else { continue }
      let cut = tensor.dimensions.indices.map { $0 == other.axis ? [kept] : nil }
      graph.setInput(
        node, slot: slot, to: graph.addInitializer("\(graph[value].name)_kept", tensor.sliced(cut)))
    }
    let compact = graph.addFreshValue("\(graph[result].name)_compact")
    graph.setOutput(node, slot: 0, to: compact)
    var places = [Int](repeating: 0, count: length)
    for (place, index) in kept.enumerated() { places[index] = place }
    let back = graph.addInitializer("\(name)_places", Tensor(int64: places, [places.count]))
    graph.add(ProofNodes.select(back, of: compact, axis: step.axis, into: result), after: node)
  }
}

extension Tensor {
  /// The tensor with zeros in all slices along an axis but those kept.
  fileprivate func zeroing(
    along axis: Int, except kept: [Int], _ zero: (@Sendable (Int) -> UInt8)?
  ) -> Tensor {
    let span = AxisSpan(dimensions, axis: axis)
    let stays = Set(kept)
    let gone = (0..<span.length).filter { !stays.contains($0) }
    return zeroing(runs: span.inner, zero) { drop in
      for block in 0..<span.outer {
        for index in gone { drop(block * span.length + index) }
      }
    }
  }

  /// A grouped weight with zeros in the columns that the rows of each group lose.
  fileprivate func zeroing(
    columns axis: Int, except kept: [[Int]], _ zero: (@Sendable (Int) -> UInt8)?
  ) -> Tensor {
    let length = dimensions[axis]
    let allRows = dimensions[0]
    let rows = max(1, allRows / kept.count)
    let inner = AxisSpan(dimensions, axis: axis).inner
    let stays = kept.map { Set($0) }
    return zeroing(runs: inner, zero) { drop in
      for row in 0..<allRows {
        for column in 0..<length where !stays[min(row / rows, kept.count - 1)].contains(column) {
          drop(row * length + column)
        }
      }
    }
  }

  /// The tensor with zeros in the runs of `length` elements whose numbers `body` gives.
  private func zeroing(
    runs length: Int, _ zero: (@Sendable (Int) -> UInt8)?,
    _ body: @escaping @Sendable ((Int) -> Void) -> Void
  ) -> Tensor {
    guard let storage, let width = elementType.byteWidth else { return self }
    var tensor = self
    tensor.encoding = .raw
    tensor.payload = .bytes(
      .deferred(uninitializedCount: storage.count) { target in
        storage.withUnsafeBytes { target.copyMemory(from: $0) }
        storage.releasePages()
        guard let start = target.baseAddress else { return }
        let bytes = length * width
        body { run in
          guard run >= 0, (run + 1) * bytes <= target.count else { return }
          if let zero {
            for offset in run * bytes..<(run + 1) * bytes { target[offset] = zero(offset / width) }
          } else {
            (start + run * bytes).initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
          }
        }
      })
    return tensor
  }
}

extension TypedGraph {
  /// The byte that stands for zero at each element of a weight of integers of 8 bits, which is its
  /// zero-point's; nil where that is 0.
  fileprivate func zeroByte(
    _ node: NodeID, _ slot: Int, _ weight: Tensor
  ) -> (@Sendable (Int) -> UInt8)? {
    guard [.int8, .uint8].contains(weight.elementType), let op = op(node) else { return nil }
    for case .quantized(slot, _, let zeroPoint?, let axis)
      in op.channels(inputs(node), outputs(node)).relations
    {
      guard let value = graph[node].inputs[safe: zeroPoint] ?? nil,
        let zeros = constant(value)?.integers, weight.dimensions.indices.contains(axis)
      else { continue }
      let bytes = zeros.map { UInt8(truncatingIfNeeded: $0) }
      let span = AxisSpan(weight.dimensions, axis: axis)
      if bytes.count == 1 { return { _ in bytes[0] } }
      if bytes.count == span.length { return { bytes[span.index(of: $0)] } }
    }
    return nil
  }
}
