internal import Executor
package import IR
internal import Operators

/// The proof that a cut is right (PRUNING.md, "Oracle"): the original with the removed channels
/// zeroed where they are read must give what the cut model gives.
///
/// Where removal changes what is computed for the channels that stay (a LayerNormalization's
/// statistics), the original is made to compute that node on the kept channels alone.
package struct Oracle {
  let surgery: Surgery

  /// The proof of one cut.
  package init(surgery: Surgery) { self.surgery = surgery }

  /// The original with removed channels without effect.
  package func maskedOriginal(_ model: Model) throws(ModelError) -> Model {
    var masked = model
    // All later questions are about the graph that the coupling was found on.
    let coupling = surgery.coupling
    for role in coupling.consumers { mask(role, &masked.graph, coupling) }
    for columns in coupling.groupedColumns { mask(columns, &masked.graph) }
    for role in coupling.statistics { isolate(role, &masked.graph, coupling) }
    try masked.graph.sortTopologically()
    return masked
  }

  private func mask(_ role: Coupling.Role, _ graph: inout Graph, _ coupling: Coupling) {
    guard case .input(let slot) = role.axis.port, let kept = surgery.kept(role.node, role.axis),
      !coupling.groupedColumns.contains(where: { $0.node == role.node && $0.axis == role.axis }),
      let value = graph[role.node].inputs[slot]
    else { return }
    if let weight = graph[value].initializer {
      let zeroed = weight.zeroing(along: role.axis.axis, except: kept)
      graph.setInput(
        role.node, slot: slot, to: graph.addInitializer("\(graph[value].name)_masked", zeroed))
      return
    }
    guard let rank = coupling.facts.inputs(role.node).rank(slot) else { return }
    var shape = [Int](repeating: 1, count: rank)
    shape[role.axis.axis] = role.slots.count
    var values = [Float](repeating: 0, count: role.slots.count)
    for index in kept { values[index] = 1 }
    let mask = graph.addInitializer("\(graph[value].name)_mask", Tensor(floats: values, shape))
    let output = graph.addFreshValue("\(graph[value].name)_masked", type: graph[value].type)
    graph.add(ProofNodes.mask(value, by: mask, into: output), before: role.node)
    graph.setInput(role.node, slot: slot, to: output)
  }

  private func mask(_ columns: Coupling.GroupedColumns, _ graph: inout Graph) {
    guard case .input(let slot) = columns.axis.port, let value = graph[columns.node].inputs[slot],
      let weight = graph[value].initializer
    else { return }
    let zeroed = weight.zeroing(groups: columns.groups) { channel in
      surgery.isRemoved(columns.channels.lowerBound + channel)
    }
    guard let zeroed else { return }
    graph.setInput(
      columns.node, slot: slot, to: graph.addInitializer("\(graph[value].name)_masked", zeroed))
  }

  /// Selects the kept channels before a node and puts them back in their places behind it; what
  /// stands in the places of the others is read by nobody, for every reader is masked.
  private func isolate(_ role: Coupling.Role, _ graph: inout Graph, _ coupling: Coupling) {
    guard case .input(let slot) = role.axis.port, let kept = surgery.kept(role.node, role.axis),
      let source = graph[role.node].inputs[slot], let result = graph[role.node].outputs[0]
    else { return }
    let axis = role.axis.axis
    let name = graph[source].name
    let indices = graph.addInitializer("\(name)_kept", Tensor(int64: kept, [kept.count]))
    let selected = graph.addFreshValue("\(name)_selected")
    graph.add(ProofNodes.select(indices, of: source, axis: axis, into: selected), before: role.node)
    graph.setInput(role.node, slot: slot, to: selected)
    for (other, value) in coupling.facts.graph[role.node].inputs.enumerated() where other != slot {
      guard let value, let tensor = graph[value].initializer else { continue }
      let cut = surgery.constantCut(role.node, other, rank: tensor.dimensions.count)
      guard cut.contains(where: { $0 != nil }) else { continue }
      graph.setInput(
        role.node, slot: other,
        to: graph.addInitializer("\(graph[value].name)_kept", tensor.sliced(cut)))
    }
    let compact = graph.addFreshValue("\(graph[result].name)_compact")
    graph.setOutput(role.node, slot: 0, to: compact)
    var places = [Int](repeating: 0, count: role.slots.count)
    for (place, index) in kept.enumerated() { places[index] = place }
    let back = graph.addInitializer("\(name)_places", Tensor(int64: places, [places.count]))
    graph.add(ProofNodes.select(back, of: compact, axis: axis, into: result), after: role.node)
  }
}

extension Tensor {
  /// The tensor with zeros in all slices along an axis but those kept.
  fileprivate func zeroing(along axis: Int, except kept: [Int]) -> Tensor {
    let length = dimensions[axis]
    var gone = Array(0..<length)
    for index in kept.reversed() { gone.remove(at: index) }
    let inner = dimensions[(axis + 1)...].reduce(1, *)
    let outer = dimensions[..<axis].reduce(1, *)
    return zeroing(runs: inner) { zero in
      for block in 0..<outer {
        for index in gone { zero(block * length + index) }
      }
    }
  }

  /// A grouped weight with zeros in the columns of removed channels; nil when none is.
  fileprivate func zeroing(groups: Int, _ isRemoved: (Int) -> Bool) -> Tensor? {
    let columns = dimensions[1]
    let rows = dimensions[0] / groups
    let inner = dimensions[2...].reduce(1, *)
    let removed = (0..<groups * columns).map(isRemoved)
    guard removed.contains(true) else { return nil }
    return zeroing(runs: inner) { zero in
      for row in 0..<groups * rows {
        for column in 0..<columns where removed[row / rows * columns + column] {
          zero(row * columns + column)
        }
      }
    }
  }

  /// The tensor with zeros in the runs of `length` elements whose numbers `body` gives.
  private func zeroing(runs length: Int, _ body: ((Int) -> Void) -> Void) -> Tensor {
    guard let storage, let width = elementType.byteWidth else { return self }
    var tensor = self
    tensor.encoding = .raw
    tensor.payload = .bytes(
      Storage(count: storage.count) { target in
        storage.withUnsafeBytes { target.copyMemory(from: $0) }
        guard let start = target.baseAddress else { return }
        let bytes = length * width
        body { run in
          guard run >= 0, (run + 1) * bytes <= target.count else { return }
          (start + run * bytes).initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        }
      })
    return tensor
  }
}
