public import IR

extension Model {
  /// The files beside the model that its tensors were read from, as the model names them: sorted,
  /// each once.
  public var externalFiles: [String] {
    var names: Set<String> = []
    graph.collectExternalFiles(into: &names)
    for function in functions { function.body.collectExternalFiles(into: &names) }
    return names.sorted()
  }
}

extension Graph {
  fileprivate func collectExternalFiles(into names: inout Set<String>) {
    func add(_ tensor: Tensor) {
      guard case .external(let entries) = tensor.encoding else { return }
      if let name = entries.last(where: { $0.key == "location" })?.value { names.insert(name) }
    }
    for id in initializers { self[id].initializer.map(add) }
    for id in nodeIDs {
      for attribute in self[id].attributes {
        switch attribute.value {
        case .tensor(let tensor): add(tensor)
        case .tensors(let tensors): tensors.forEach(add)
        case .graph(let graph): graph.collectExternalFiles(into: &names)
        case .graphs(let graphs): for graph in graphs { graph.collectExternalFiles(into: &names) }
        default: break
        }
      }
    }
  }
}
