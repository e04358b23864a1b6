public import IR

/// What `inspect` shows of a model.
public struct ModelSummary: Sendable {
  /// A graph input or output.
  public struct Port: Sendable {
    /// The name.
    public let name: String
    /// The type in ONNX's text syntax; `?` when none is declared.
    public let type: String
  }

  /// What the model is called in reports, such as its file's name.
  public let title: String
  /// `ModelProto.ir_version`.
  public let irVersion: Int?
  /// Producer's name and version.
  public let producer: String
  /// Domain and version of each operator set; the domain of ONNX's own is `ai.onnx`.
  public let opsets: [(domain: String, version: Int?)]
  /// The graph's inputs that a caller supplies.
  public let inputs: [Port]
  /// The graph's outputs.
  public let outputs: [Port]
  /// Named and unnamed lengths that the inputs leave open, each with an axis that has it.
  public let dynamicDimensions: [(name: String, axis: String)]
  /// Operators that the model defines itself.
  public let functions: [String]
  /// Nodes of the main graph.
  public let nodeCount: Int
  /// Nodes by operator, subgraphs included, the most frequent first.
  public let operatorCounts: [(op: String, count: Int)]
  /// Cost, or nil when it could not be counted.
  public let cost: CostReport?
  /// Why there is no cost.
  public let costError: ModelError?

  /// Summarises a model. A model whose types cannot be inferred is summarised without its cost.
  public init(_ model: Model, title: String, binding: [String: Int] = [:]) {
    let graph = model.graph
    func port(_ info: ValueInfo) -> Port {
      Port(name: graph[info.value].name, type: info.type?.description ?? "?")
    }
    self.title = title
    irVersion = model.irVersion
    producer = [model.producerName, model.producerVersion].compactMap { $0 }
      .filter { !$0.isEmpty }.joined(separator: " ")
    opsets = model.opsetImports.map {
      (domain: $0.domain.flatMap { $0.isEmpty ? nil : $0 } ?? "ai.onnx", version: $0.version)
    }
    inputs = graph.requiredInputs.map(port)
    outputs = graph.outputs.map(port)
    dynamicDimensions = Self.dynamicDimensions(graph)
    functions = model.functions.map(\.op.description)
    nodeCount = graph.nodeCount
    operatorCounts = Self.count(graph).map { (op: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.op) < ($0.count, $1.op) }
    do {
      cost = try CostReport(model, binding: binding)
      costError = nil
    } catch {
      cost = nil
      costError = error
    }
  }

  private static func dynamicDimensions(_ graph: Graph) -> [(name: String, axis: String)] {
    var found: [(name: String, axis: String)] = []
    for info in graph.requiredInputs {
      for (axis, dimension) in (info.type?.tensor?.shape?.dimensions ?? []).enumerated()
      where dimension.value == nil {
        let name = dimension.description
        if name == "?" || !found.contains(where: { $0.name == name }) {
          found.append((name: name, axis: "\(graph[info.value].name)[\(axis)]"))
        }
      }
    }
    return found
  }

  private static func count(_ graph: Graph) -> [String: Int] {
    var counts: [String: Int] = [:]
    for id in graph.nodeIDs {
      counts[graph[id].op.description, default: 0] += 1
      for body in graph[id].subgraphs { counts.merge(count(body), uniquingKeysWith: +) }
    }
    return counts
  }
}
