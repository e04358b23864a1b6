public import IR
internal import Operators

/// Compares what two models compute.
///
/// Names, execution order, constants in nodes or initializers, the encoding of tensors, and
/// attributes that only say the default make no difference. The time is linear in the size of the
/// models, and weights are read once.
///
/// - Parameters:
///   - a: the first model, the old one where there is an order.
///   - b: the second model.
///   - options: which differences count.
public func diff(_ a: Model, _ b: Model, options: DiffOptions = DiffOptions()) -> DiffReport {
  diff(a, b, views: nil, options: options)
}

/// Compares two models, their graphs as others see them: with quantization taken out and with folded
/// weights. What was taken out is reported too, so that nothing is hidden.
///
/// - Parameter interface: models whose inputs and outputs have the types to compare, where these are not
///   the models'.
package func diff(
  _ a: Model, _ b: Model, views: (a: ModelView, b: ModelView)?,
  interface: (a: Model, b: Model)? = nil, options: DiffOptions
) -> DiffReport {
  var report = DiffReport(failOn: options.failOn)
  report.compareTexts(a, b)
  report.compareOpsets(a, b)
  func names(_ graph: Graph, _ ports: [ValueInfo]) -> [String] {
    ports.map { graph[$0.value].name }
  }
  report.compareOrder(
    "input", names(a.graph, a.graph.openInputs), names(b.graph, b.graph.openInputs))
  report.compareOrder("output", names(a.graph, a.graph.outputs), names(b.graph, b.graph.outputs))
  let ports = interface ?? (a, b)
  report.compareContract(ports.a.graph, ports.b.withPorts(inOrderOf: ports.a).graph)
  let x = views?.a.model ?? a, y = (views?.b.model ?? b).withPorts(inOrderOf: x)
  var facts: (TypedGraph, TypedGraph)?
  if views != nil, let p = try? inferTypes(x), let q = try? inferTypes(y) { facts = (p, q) }
  let comparison = GraphComparison(
    DiffGraph(x.graph, opsets: x.opsetImports), DiffGraph(y.graph, opsets: y.opsetImports),
    path: [],
    facts: facts, ranges: views.map { QuantizedRanges($0.b.ranges) })
  report.isByLayer = views != nil
  if let views {
    comparison.report(views.a.notes, isFirst: true)
    comparison.report(views.b.notes, isFirst: false)
  }
  report.add(comparison)
  report.compareFunctions(a.functions, b.functions)
  report.allow(options)
  return report
}

extension DiffReport {
  /// Notes how many nodes were computed before the models were compared.
  package mutating func note(computed counts: (Int, Int), _ options: DiffOptions) {
    add(
      .folded,
      .said(
        "\(grouped(counts.0)) nodes of the first and \(grouped(counts.1)) of the second follow from "
          + "constants and shapes or do nothing: left out before comparing"))
    allow(options)
  }

  fileprivate mutating func add(
    _ kind: DiffHunk.Kind, _ change: DiffHunk.Change, path: [String] = [], a: String? = nil,
    b: String? = nil
  ) {
    hunks.append(DiffHunk(kind: kind, path: path, a: a, b: b, change: change))
  }

  fileprivate mutating func compareTexts(_ a: Model, _ b: Model) {
    func text(_ value: Int?) -> String? { value.map { "\($0)" } }
    let texts = [
      ("IR version", text(a.irVersion), text(b.irVersion)),
      ("producer", a.producerName, b.producerName),
      ("producer version", a.producerVersion, b.producerVersion),
      ("domain", a.domain, b.domain),
      ("model version", text(a.modelVersion), text(b.modelVersion)),
    ]
    for (name, x, y) in texts where x ?? "" != y ?? "" {
      add(.metadata, .text(name, from: x ?? "", to: y ?? ""))
    }
    if a.docString ?? "" != b.docString ?? "" { add(.metadata, .said("documentation")) }
    if a.metadata != b.metadata { add(.metadata, .said("metadata")) }
    if a.extras != b.extras {
      add(.metadata, .said("other fields, such as training information"))
    }
  }

  fileprivate mutating func compareOpsets(_ a: Model, _ b: Model) {
    compareOpsets(
      a.opsetImports, b.opsetImports,
      used: (a.functions + b.functions).reduce(into: a.graph.domains.union(b.graph.domains)) {
        $0.formUnion($1.body.domains)
      }, path: [])
  }

  /// An operator set counts when a node is of its domain.
  private mutating func compareOpsets(
    _ a: [OpsetImport], _ b: [OpsetImport], used: Set<String>, path: [String]
  ) {
    let domains = Set((a + b).map { OperatorName("", domain: $0.domain ?? "").domain })
    for domain in domains.sorted() {
      let x = a.version(of: domain), y = b.version(of: domain)
      guard x != y else { continue }
      let name = domain.isEmpty ? "ai.onnx" : domain
      add(
        used.contains(domain) ? .opset : .metadata,
        .opset(domain: name, from: x, to: y), path: path)
    }
  }

  fileprivate mutating func compareContract(_ a: Graph, _ b: Graph) {
    var symbols = SymbolPairs()
    for (what, x, y) in [("input", a.openInputs, b.openInputs), ("output", a.outputs, b.outputs)] {
      if x.count != y.count { add(.io, .count(of: "\(what)s", from: x.count, to: y.count)) }
      for (index, (p, q)) in zip(x, y).enumerated() {
        let label = "graph \(what) \(index)"
        let p = (p.type, "\(label) '\(a[p.value].name)'"),
          q = (q.type, "\(label) '\(b[q.value].name)'")
        guard !symbols.match(p.0, q.0) else { continue }
        func text(_ type: ValueType?) -> String { type.map(\.description) ?? "no type" }
        add(.io, .replaced(from: text(p.0), to: text(q.0)), a: p.1, b: q.1)
      }
    }
    for (x, y) in symbols.renamed {
      add(.renamed, .none, a: "dimension '\(x)'", b: "dimension '\(y)'")
    }
  }

  fileprivate mutating func add(_ comparison: GraphComparison) {
    hunks += comparison.hunks
    matchedNodes += comparison.matchedNodes
    let layers = comparison.layers
    layerCount += layers.all
    matchedLayers += layers.matched
  }

  fileprivate mutating func compareFunctions(_ a: [Function], _ b: [Function]) {
    for x in a {
      guard let y = b.first(where: { x.isSameOperator($0) }) else {
        add(.removed, .none, a: x.label)
        continue
      }
      compare(x, y)
    }
    for y in b where !a.contains(where: { y.isSameOperator($0) }) {
      add(.inserted, .none, b: y.label)
    }
  }

  private mutating func compare(_ x: Function, _ y: Function) {
    let path = [x.label]
    if Set(x.attributeNames) != Set(y.attributeNames) {
      add(
        .attribute,
        .said("attributes \(x.attributeNames) → \(y.attributeNames)"), path: path)
    }
    let defaults = [x, y].map { $0.attributeDefaults.sorted { $0.name < $1.name } }
    for change in attributeChanges(defaults[0], defaults[1]) {
      hunks.append(DiffHunk(kind: change.kind, path: path, change: change.change))
    }
    for (what, p, q) in [
      ("inputs", x.body.inputs.count, y.body.inputs.count),
      ("outputs", x.body.outputs.count, y.body.outputs.count),
    ] where p != q { add(.io, .count(of: what, from: p, to: q), path: path) }
    if x.docString ?? "" != y.docString ?? "" {
      add(.metadata, .said("documentation"), path: path)
    }
    if x.metadata != y.metadata { add(.metadata, .said("metadata"), path: path) }
    compareOpsets(
      x.opsetImports, y.opsetImports, used: x.body.domains.union(y.body.domains), path: path)
    add(
      GraphComparison(
        DiffGraph(x.body, opsets: x.opsetImports), DiffGraph(y.body, opsets: y.opsetImports),
        path: path))
  }
}

extension Function {
  fileprivate var label: String {
    "function \(op)\(overload.map { $0.isEmpty ? "" : ":\($0)" } ?? "")"
  }

  fileprivate func isSameOperator(_ other: Function) -> Bool {
    op == other.op && overload ?? "" == other.overload ?? ""
  }
}

extension Graph {
  /// The domains of all nodes, those of subgraphs included.
  fileprivate var domains: Set<String> {
    nodeIDs.reduce(into: []) { found, id in
      found.insert(self[id].op.domain)
      for body in self[id].subgraphs { found.formUnion(body.domains) }
    }
  }
}
