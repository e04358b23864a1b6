extension Graph {
  /// Checks everything that edits must keep true: unique producers that precede their consumers,
  /// uses that match inputs, declared names that exist. Linear in the size of the graph.
  ///
  /// - Parameter outerNames: names that an enclosing graph defines.
  /// - Throws: `ModelError` with code `invalid`, naming the node or value.
  public func checkInvariants(outerNames: Set<String> = []) throws(ModelError) {
    var defined = [Bool](repeating: false, count: valueTable.count)
    for info in inputs { defined[info.value.index] = true }
    for id in initializers + sparseInitializers { defined[id.index] = true }
    var useCount = [Int](repeating: 0, count: valueTable.count)
    for info in outputs { useCount[info.value.index] += 1 }

    for id in order {
      guard let node = nodeTable[id.index] else { continue }
      for (slot, input) in node.inputs.enumerated() {
        guard let input else { continue }
        guard defined[input.index] || outerNames.contains(self[input].name) else {
          throw ModelError(
            .invalid,
            "\(label(id)), input \(slot): expected a value defined before the node, found '\(self[input].name)'"
              + (self[input].producer == nil
                ? ", which nothing defines" : ", which is produced later")
          )
        }
        useCount[input.index] += 1
      }
      for capture in node.captures {
        guard defined[capture.index] || outerNames.contains(self[capture].name) else {
          throw ModelError(
            .invalid,
            "\(label(id)): expected a value defined before its subgraph reads it, found '\(self[capture].name)'"
          )
        }
        useCount[capture.index] += 1
      }
      for output in node.outputs.compactMap({ $0 }) {
        guard self[output].producer == id, !defined[output.index] else {
          throw ModelError(
            .invalid,
            "\(label(id)): expected to be the only definition of '\(self[output].name)', found another"
          )
        }
        defined[output.index] = true
      }
      let subgraphs = node.subgraphs
      if !subgraphs.isEmpty {
        var names = outerNames
        for index in valueTable.indices where defined[index] {
          names.insert(valueTable[index].name)
        }
        for subgraph in subgraphs {
          try noting(label(id)) { () throws(ModelError) in
            try subgraph.checkInvariants(outerNames: names)
          }
        }
      }
    }
    for info in outputs
    where !defined[info.value.index] && !outerNames.contains(self[info.value].name) {
      throw ModelError(
        .invalid,
        "graph output '\(self[info.value].name)': expected a value that the graph defines, found none"
      )
    }
    for (index, value) in valueTable.enumerated() {
      guard value.uses.count == useCount[index],
        value.uses.count < 2 || Set(value.uses).count == value.uses.count,
        value.uses.allSatisfy({ isReal($0, of: ValueID(index)) })
      else {
        throw ModelError(
          .invalid,
          "value '\(value.name)': expected its \(useCount[index]) uses to be recorded, found"
            + " \(value.uses.count) other ones")
      }
    }
  }

  /// Whether a recorded use is one.
  private func isReal(_ use: Use, of value: ValueID) -> Bool {
    switch use {
    case .input(let node, let slot):
      contains(node) && self[node].inputs[safe: slot] == .some(value)
    case .capture(let node): contains(node) && self[node].captures.contains(value)
    case .output(let index): outputs[safe: index]?.value == value
    }
  }
}
