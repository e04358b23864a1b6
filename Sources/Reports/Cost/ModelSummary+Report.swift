private import IR

extension ModelSummary {
  /// What `inspect` reports.
  public var report: Report {
    var report = Report()
    report.blocks.append(.heading(.init(title, [.init(key: "model", value: .string(title))])))
    report.blocks.append(.facts(facts))
    report.blocks.append(.gap)
    report.add(portTable)
    report.add(data: ["inputs": ports(inputs), "outputs": ports(outputs)])
    report.blocks.append(.gap)
    report.add(operatorTable)
    if let costError {
      report.blocks.append(.gap)
      report.blocks.append(
        .list(
          key: nil, prefix: "", [.init("MACs and parameters are not known: \(costError)")]))
    }
    report.add(data: ["cost_error": .string(costError?.description)])
    return report
  }

  private func ports(_ ports: [Port]) -> JSONValue {
    .array(ports.map { .object(["name": .string($0.name), "type": .string($0.type)]) })
  }

  /// Name and value of each line above the tables.
  private var facts: [Report.Fact] {
    var facts: [Report.Fact] = [
      .init(
        "ir_version", "IR version", irVersion.map { .both("\($0)", .int($0)) } ?? Self.notGiven),
      .init("producer", "Producer", producer.isEmpty ? Self.notGiven : .text(producer)),
      .init(
        "opsets", "Opsets",
        .both(
          opsets.map { "\($0.domain) \($0.version.map { "\($0)" } ?? "?")" }
            .joined(separator: ", "),
          .array(
            opsets.map { .object(["domain": .string($0.domain), "version": .int($0.version)]) }))),
    ]
    if !functions.isEmpty {
      facts.append(.init("functions", "Functions", .texts(functions, shown: .max)))
    }
    let dynamic = dynamicDimensions.map { "\($0.name) (\($0.axis))" }
    facts.append(
      .init(
        "dynamic_dimensions", "Dynamic",
        .both(
          dynamic.isEmpty ? "none" : dynamic.joined(separator: ", "),
          .array(
            dynamicDimensions.map {
              .object(["name": .string($0.name), "axis": .string($0.axis)])
            }))))
    facts.append(.init("nodes", "Nodes", .count(nodeCount)))
    guard let cost else { return facts }
    facts.append(
      .init("macs", "MACs", .count(cost.macs), remark: cost.remark, more: cost.assumptions))
    facts.append(.init("parameters", "Parameters", .count(cost.parameters)))
    facts.append(
      .init(
        "weight_bytes", "Weights",
        .both("\(grouped(cost.weightBytes)) bytes", .int(cost.weightBytes))))
    return facts
  }

  private static let notGiven = Cell.missing("not given")

  /// For people: programs read ports apart, as inputs and outputs.
  private var portTable: Table {
    var table = Table(
      .elsewhere, title: "Inputs and outputs", [.init("port"), .init("name"), .init("type")])
    for port in inputs { table.add(.text("input"), .text(port.name), .text(port.type)) }
    for port in outputs { table.add(.text("output"), .text(port.name), .text(port.type)) }
    return table
  }

  private var operatorTable: Table {
    guard let cost else {
      return Table(
        "operators", title: "Operators", of: operatorCounts,
        [
          (.init("operator"), { .text($0.op) }),
          (.init("count", numeric: true), { .count($0.count) }),
        ])
    }
    return Table(
      "operators", title: "Operators", of: cost.operators,
      [
        (.init("operator"), { .text($0.op.description) }),
        (.init("count", numeric: true), { .count($0.count) }),
        (.init("macs", "MACs", numeric: true), { .count($0.macs) }),
        (.init("parameters", numeric: true), { .count($0.parameters) }),
      ])
  }

  /// For a terminal.
  public var text: String { report.text }
  /// For a pull request.
  public var markdown: String { report.markdown }
  /// For programs.
  public var json: JSONValue { report.json }
}

extension CostReport {
  /// At which lengths multiply-accumulates were counted, and how many nodes are left out, in
  /// brackets behind the number; empty where both need no word.
  public var remark: String {
    var remarks = assumed.map { "\($0.name) = \($0.length)" }
    if !uncounted.isEmpty { remarks.append("without \(uncounted.count) nodes") }
    return remarks.isEmpty ? "" : " (\(remarks.joined(separator: ", ")))"
  }

  /// The same for programs.
  public var assumptions: [JSONValue.Member] {
    [
      .init(
        key: "macs_assume",
        value: .array(
          assumed.map { .object(["name": .string($0.name), "length": .int($0.length)]) })),
      .init(key: "macs_unknown", value: .strings(uncounted)),
    ]
  }
}
