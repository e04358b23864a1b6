public import IR

/// Takes away what a model says of itself and does not compute with.
public struct StripModel: Annotation {
  /// What can be taken away.
  public enum Kind: String, CaseIterable, Sendable {
    /// Documentation, of everything.
    case docs
    /// Names of nodes.
    case names
    /// `metadata_props`, of everything.
    case metadata
    /// Declared types of values between inputs and outputs.
    case valueInfo = "value-info"
    /// Who made the model, in which version.
    case producer
  }

  /// The edit's name.
  public let name = "strip"
  private let kinds: Set<Kind>

  /// Makes the edit.
  public init(_ kinds: Set<Kind>) { self.kinds = kinds }

  /// Strips the model, nested graphs and functions included.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    var tally: [Kind: Int] = [:]
    if kinds.contains(.docs) { clear(&model.docString, .docs, &tally) }
    if kinds.contains(.metadata) { clear(&model.metadata, .metadata, &tally) }
    if kinds.contains(.producer) {
      clear(&model.producerName, .producer, &tally)
      clear(&model.producerVersion, .producer, &tally)
    }
    try strip(&model.graph, &tally)
    for index in model.functions.indices {
      if kinds.contains(.docs) { clear(&model.functions[index].docString, .docs, &tally) }
      if kinds.contains(.metadata) { clear(&model.functions[index].metadata, .metadata, &tally) }
      try strip(&model.functions[index].body, &tally)
    }
    for kind in Kind.allCases where tally[kind] != nil {
      report.applied.append(.init(node: kind.rawValue, text: "\(tally[kind] ?? 0) went"))
    }
    return report
  }

  private func clear(_ text: inout String?, _ kind: Kind, _ tally: inout [Kind: Int]) {
    guard text != nil else { return }
    text = nil
    tally[kind, default: 0] += 1
  }

  private func clear(_ list: inout [MetadataEntry], _ kind: Kind, _ tally: inout [Kind: Int]) {
    guard !list.isEmpty else { return }
    tally[kind, default: 0] += list.count
    list = []
  }

  private func strip(_ graph: inout Graph, _ tally: inout [Kind: Int]) throws(ModelError) {
    if kinds.contains(.docs) { clear(&graph.docString, .docs, &tally) }
    if kinds.contains(.metadata) { clear(&graph.metadata, .metadata, &tally) }
    if kinds.contains(.valueInfo), !graph.valueInfos.isEmpty {
      tally[.valueInfo, default: 0] += graph.valueInfos.count
      graph.valueInfos = []
    }
    stripInfos(&graph, &tally)
    for id in graph.initializers {
      guard var tensor = graph[id].initializer else { continue }
      let had = (tensor.docString, tensor.metadata.count)
      if kinds.contains(.docs) { clear(&tensor.docString, .docs, &tally) }
      if kinds.contains(.metadata) { clear(&tensor.metadata, .metadata, &tally) }
      if had != (tensor.docString, tensor.metadata.count) { graph.setInitializer(id, tensor) }
    }
    for id in graph.nodeIDs {
      if kinds.contains(.docs) { clear(&graph[id].docString, .docs, &tally) }
      if kinds.contains(.names) { clear(&graph[id].name, .names, &tally) }
      if kinds.contains(.metadata) { clear(&graph[id].metadata, .metadata, &tally) }
      for index in graph[id].attributes.indices where kinds.contains(.docs) {
        clear(&graph[id].attributes[index].docString, .docs, &tally)
      }
      guard !graph[id].subgraphs.isEmpty else { continue }
      try graph.updateSubgraphs(of: id) { attributes throws(ModelError) in
        for index in attributes.indices {
          switch attributes[index].value {
          case .graph(var body):
            try strip(&body, &tally)
            attributes[index].value = .graph(body)
          case .graphs(var bodies):
            for place in bodies.indices { try strip(&bodies[place], &tally) }
            attributes[index].value = .graphs(bodies)
          default: break
          }
        }
      }
    }
  }

  /// Strips declarations of inputs, outputs and values.
  private func stripInfos(_ graph: inout Graph, _ tally: inout [Kind: Int]) {
    func stripped(_ infos: [ValueInfo]) -> [ValueInfo]? {
      var infos = infos
      let before = tally
      for index in infos.indices {
        if kinds.contains(.docs) { clear(&infos[index].docString, .docs, &tally) }
        if kinds.contains(.metadata) { clear(&infos[index].metadata, .metadata, &tally) }
      }
      return before == tally ? nil : infos
    }
    if let infos = stripped(graph.inputs) { graph.setInputs(infos) }
    if let infos = stripped(graph.outputs) { graph.setOutputs(infos) }
    if let infos = stripped(graph.valueInfos) { graph.valueInfos = infos }
  }
}
