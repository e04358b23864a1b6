package import IR

/// Edits that take away: nodes go, and what read their results reads something else.
extension Rewriter {
  /// Removes a node whose outputs nothing reads any more.
  package mutating func remove(_ id: NodeID) {
    let node = graph[id]
    graph.remove(id)
    for input in node.inputs.compactMap({ $0 }) + node.captures { touchAround(input) }
  }

  /// Drops outputs from the end until `count` are left; nothing may read them.
  package mutating func truncateOutputs(_ id: NodeID, to count: Int) {
    graph.truncateOutputs(id, to: count)
    changed(id)
  }

  /// Lets a producer give out `result` instead of what it gave at `slot`, after the node that made
  /// `result` is gone.
  package mutating func takeOver(_ producer: NodeID, slot: Int, _ result: ValueID) {
    graph.setOutput(producer, slot: slot, to: result)
    changed(producer)
  }

  /// Replaces a constant operand: in place when nothing else reads the old one, else beside it.
  package mutating func replaceConstant(_ id: NodeID, slot: Int, stem: String, with tensor: Tensor)
  {
    if let old = graph[id].inputs[safe: slot] ?? nil, graph[old].uses.count == 1,
      graph[old].initializer != nil, !graph.isInput(old) || graph.initializersAreConstant
    {
      graph.setInitializer(old, tensor)
      known.set(old, tensor.type)
      changed(id)
    } else {
      setInput(id, slot: slot, to: newConstant(stem, tensor))
    }
  }

  /// Turns a node's outputs into constants.
  package mutating func fold(_ id: NodeID, into results: [Tensor]) {
    let outputs = graph[id].outputs.compactMap { $0 }
    remove(id)
    for (output, tensor) in zip(outputs, results) {
      graph.setInitializer(output, tensor)
      known.set(output, tensor.type)
      touchAround(output)
    }
  }

  /// Removes `node` and lets what read its output 0 read `source` instead.
  ///
  /// - Returns: why that cannot be done, or nil when it was.
  package mutating func bypass(_ id: NodeID, with source: ValueID) -> String? {
    guard let result = graph[id].outputs[0] else { return nil }
    if let extra = graph[id].outputs.dropFirst().compactMap({ $0 }).first(where: {
      !graph[$0].uses.isEmpty
    }) {
      return "'\(graph[extra].name)' is used"
    }
    if graph.isCaptured(result) { return "a subgraph reads '\(graph[result].name)'" }
    if !graph.isOutput(result) {
      touchAround(result)
      graph.replaceInputs(of: result, with: source)
      remove(id)
      touchAround(source)
      return nil
    }
    // The output's name is part of the contract: the producer takes it over.
    guard let producer = graph[source].producer, !graph.isOutput(source),
      !graph.isCaptured(source)
    else { return "'\(graph[result].name)' is a graph output" }
    let slot = graph[producer].outputs.firstIndex(of: source)!
    let readers = graph[result].uses.compactMap(\.node)
    remove(id)
    graph.setOutput(producer, slot: slot, to: result)
    graph.replaceInputs(of: source, with: result)
    for node in readers + [producer] { touch(node) }
    return nil
  }

  /// Lets what reads a constant read an equal one.
  package mutating func replaceReaders(of old: ValueID, with twin: ValueID) {
    touchAround(old)
    graph.replaceInputs(of: old, with: twin)
  }

  /// Lets a node that computes the same as an earlier one go.
  ///
  /// - Returns: why that cannot be done, or nil when it was.
  package mutating func unite(_ id: NodeID, with twin: NodeID) -> String? {
    let pairs = zip(graph[id].outputs, graph[twin].outputs).compactMap { a, b in
      a.flatMap { a in b.map { (a, $0) } }
    }
    for (old, kept) in pairs {
      if graph.isCaptured(old) { return "a subgraph reads '\(graph[old].name)'" }
      if graph.isOutput(old), graph.isOutput(kept) || graph.isCaptured(kept) {
        return "'\(graph[old].name)' is a graph output"
      }
    }
    for (old, _) in pairs { touchAround(old) }
    remove(id)
    for (old, kept) in pairs {
      guard graph.isOutput(old) else {
        graph.replaceInputs(of: old, with: kept)
        continue
      }
      // The output's name is part of the contract: the earlier node takes it over.
      let slot = graph[twin].outputs.firstIndex(of: kept)!
      graph.setOutput(twin, slot: slot, to: old)
      graph.replaceInputs(of: kept, with: old)
    }
    touch(twin)
    return nil
  }

  /// Gives a node further outputs, which have lost their producers.
  package mutating func appendOutputs(_ id: NodeID, _ values: [ValueID]) {
    graph.appendOutputs(id, values)
    changed(id)
  }
}
