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

extension ModelSummary {
  /// Name and value of each line above the tables.
  private var facts: [(name: String, value: String)] {
    var lines: [(name: String, value: String)] = [
      ("IR version", irVersion.map { "\($0)" } ?? "not given"),
      ("Producer", producer.isEmpty ? "not given" : producer),
      (
        "Opsets",
        opsets.map { "\($0.domain) \($0.version.map { "\($0)" } ?? "?")" }.joined(separator: ", ")
      ),
    ]
    if !functions.isEmpty { lines.append(("Functions", functions.joined(separator: ", "))) }
    let dynamic = dynamicDimensions.map { "\($0.name) (\($0.axis))" }
    lines.append(("Dynamic", dynamic.isEmpty ? "none" : dynamic.joined(separator: ", ")))
    lines.append(("Nodes", grouped(nodeCount)))
    guard let cost else { return lines }
    var remarks = cost.assumed.map { "\($0.name) = \($0.length)" }
    let uncounted = cost.uncounted.count
    if uncounted > 0 { remarks.append("without \(uncounted) nodes") }
    let remark = remarks.isEmpty ? "" : " (\(remarks.joined(separator: ", ")))"
    lines.append(("MACs", grouped(cost.macs) + remark))
    lines.append(("Parameters", grouped(cost.parameters)))
    lines.append(("Weights", "\(grouped(cost.weightBytes)) bytes"))
    return lines
  }

  private var portTable: Table {
    var table = Table("Inputs and outputs", [.init("port"), .init("name"), .init("type")])
    for port in inputs { table.add(.init("input"), .init(port.name), .init(port.type)) }
    for port in outputs { table.add(.init("output"), .init(port.name), .init(port.type)) }
    return table
  }

  private var operatorTable: Table {
    guard let cost else {
      var table = Table("Operators", [.init("operator"), .init("count", numeric: true)])
      for (op, count) in operatorCounts { table.add(.init(op), .init(count)) }
      return table
    }
    var table = Table(
      "Operators",
      [
        .init("operator"), .init("count", numeric: true), .init("MACs", numeric: true),
        .init("parameters", numeric: true),
      ])
    for row in cost.operators {
      table.add(
        .init(row.op.description), .init(row.count), .init(row.macs), .init(row.parameters))
    }
    return table
  }

  /// For a terminal.
  public var text: String {
    let width = facts.map(\.name.count).max() ?? 0
    var out = title + "\n"
    for (name, value) in facts {
      out += "  \(name)\(String(repeating: " ", count: width - name.count))  \(value)\n"
    }
    out += "\n" + portTable.text + "\n" + operatorTable.text
    if let costError { out += "\nMACs and parameters are not known: \(costError)\n" }
    return out
  }

  /// For a pull request.
  public var markdown: String {
    var out = "## \(markdownEscaped(title))\n\n"
    for (name, value) in facts { out += "- \(name): \(markdownEscaped(value))\n" }
    out += "\n" + portTable.markdown + "\n" + operatorTable.markdown
    if let costError {
      out += "\nMACs and parameters are not known: \(markdownEscaped(costError.description))\n"
    }
    return out
  }

  /// For programs: `schema` is 1 and rises when a key changes its meaning.
  public var json: JSONValue {
    func ports(_ ports: [Port]) -> JSONValue {
      .array(ports.map { .object(["name": .string($0.name), "type": .string($0.type)]) })
    }
    return .object([
      "schema": .int(1),
      "model": .string(title),
      "ir_version": .int(irVersion),
      "producer": .string(producer),
      "opsets": .object(opsets.map { JSONValue.Member(key: $0.domain, value: .int($0.version)) }),
      "inputs": ports(inputs),
      "outputs": ports(outputs),
      "dynamic_dimensions": .array(
        dynamicDimensions.map { .object(["name": .string($0.name), "axis": .string($0.axis)]) }),
      "functions": .array(functions.map { .string($0) }),
      "nodes": .int(nodeCount),
      "operators": .object(
        operatorCounts.map { JSONValue.Member(key: $0.op, value: .int($0.count)) }),
      "macs": .int(cost?.macs),
      "macs_assume": .object(
        (cost?.assumed ?? []).map { JSONValue.Member(key: $0.name, value: .int($0.length)) }),
      "macs_unknown": .array((cost?.uncounted ?? []).map { .string($0) }),
      "parameters": .int(cost?.parameters),
      "weight_bytes": .int(cost?.weightBytes),
      "cost_error": .string(costError?.description),
    ])
  }
}
