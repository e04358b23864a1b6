internal import IR

/// Which layer each item of a graph belongs to.
///
/// A layer is an item with a weight, a constant of two axes or more, and what its output passes
/// through that has numbers of its own, such as a normalisation of its channels.
struct LayerNames {
  /// For each item the label of its layer; nil for those of none, and for those that only pass on.
  let own: [String?]
  /// For each item whether it has the weight itself.
  let isLayer: [Bool]

  init(_ graph: DiffGraph) {
    var above: [String?] = []
    var own: [String?] = []
    isLayer = graph.items.indices.map { graph.hasWeight($0) }
    for (index, item) in graph.items.enumerated() {
      let producers = item.inputs.compactMap { source -> Int? in
        if case .result(let producer, _) = source { producer } else { nil }
      }
      let layer = isLayer[index] ? graph.label(index) : producers.first.flatMap { above[$0] }
      let ends = producers.count > 1 || item.normalizesRows
      above.append(ends && !isLayer[index] ? nil : layer)
      let hasNumbers = item.inputs.contains { source in
        guard case .constant(let number) = source else { return false }
        let tensor = graph.constants[number].tensor
        return tensor.elementType.isFloatingPoint && tensor.count > 1
      }
      own.append(hasNumbers && !item.normalizesRows ? layer : nil)
    }
    self.own = own
  }
}
