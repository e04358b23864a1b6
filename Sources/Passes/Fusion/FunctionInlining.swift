public import IR
internal import Operators
internal import Rewriting

/// Replaces calls of the functions that a model defines itself by their bodies.
public struct FunctionInlining: Pass {
  /// The pass's name.
  public let name = "inline-functions"

  /// Functions inside functions inside functions: deeper than this they are taken to call
  /// themselves.
  private static let depth = 64

  /// Makes the pass.
  public init() {}

  /// Applies the pass, nested graphs included. Functions that nothing calls any more go.
  ///
  /// - Throws: `ModelError` when a function calls itself.
  @discardableResult
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    guard !model.functions.isEmpty else { return report }
    let library = Library(model)
    for import_ in library.imports where model.opset(of: import_.domain ?? "") == nil {
      model.opsetImports.append(import_)
    }
    try inline(&model.graph, library, &report, depth: 0)
    let called = Set(model.graph.allCalls)
    var kept = called
    // What is still called may itself call others.
    var pending = Array(called)
    while let op = pending.popLast() {
      for function in model.functions where function.op == op {
        for inner in function.body.allCalls where kept.insert(inner).inserted {
          pending.append(inner)
        }
      }
    }
    model.functions.removeAll { !kept.contains($0.op) }
    return report
  }

  private func inline(
    _ graph: inout Graph, _ library: Library, _ report: inout PassReport, depth: Int
  ) throws(ModelError) {
    guard depth < Self.depth else {
      throw ModelError(
        .invalid, "functions: expected an end to calls within \(Self.depth) levels, found none")
    }
    for id in graph.nodeIDs {
      let node = graph[id]
      if !node.subgraphs.isEmpty {
        try graph.updateSubgraphs(of: id) { attributes throws(ModelError) in
          for index in attributes.indices {
            guard case .graph(var body) = attributes[index].value else { continue }
            try inline(&body, library, &report, depth: depth + 1)
            attributes[index].value = .graph(body)
          }
        }
      }
      guard let function = library.function(node) else { continue }
      let label = graph.label(id)
      if let obstacle = library.obstacle(function) {
        report.declined.append(.init(node: label, text: obstacle))
        continue
      }
      var parameters: [String: AttributeValue] = [:]
      for attribute in function.attributeDefaults + node.attributes {
        parameters[attribute.name] = attribute.value
      }
      var body = function.body
      try inline(&body, library, &report, depth: depth + 1)
      let stem = node.name ?? node.outputs.compactMap { $0 }.first.map { graph[$0].name } ?? ""
      try graph.replace(
        id, with: body, operands: node.inputs, prefix: "\(stem)/", parameters: parameters)
      report.applied.append(.init(node: label, text: "replaced by its body"))
    }
  }
}

/// The functions of a model by the calls that they answer.
private struct Library {
  private struct Key: Hashable {
    let op: OperatorName
    let overload: String
  }

  private var functions: [Key: Function] = [:]
  private let opsets: [OpsetImport]
  /// Operator sets that only functions import.
  private(set) var imports: [OpsetImport] = []

  init(_ model: Model) {
    opsets = model.opsetImports
    for function in model.functions {
      functions[Key(op: function.op, overload: function.overload ?? "")] = function
      for needed in function.opsetImports
      where opsets.version(of: needed.domain ?? "") == nil
        && !imports.contains(where: { $0.domain == needed.domain })
      {
        imports.append(needed)
      }
    }
  }

  func function(_ node: Node) -> Function? {
    functions[Key(op: node.op, overload: node.overload ?? "")]
  }

  /// Why a function's body cannot stand in the graph: it uses another version of an operator set.
  func obstacle(_ function: Function) -> String? {
    for needed in function.opsetImports {
      let domain = needed.domain ?? ""
      let uses = function.body.nodeIDs.contains {
        function.body[$0].op.domain == OperatorName("", domain: domain).domain
      }
      guard uses, let present = (opsets + imports).version(of: domain), present != needed.version
      else { continue }
      return
        "it uses version \(needed.version ?? 0) of operator set '\(domain)', the model \(present)"
    }
    return nil
  }
}

extension Graph {
  /// The operators of all nodes, nested graphs included.
  fileprivate var allCalls: [OperatorName] {
    nodeIDs.flatMap { id in [self[id].op] + self[id].subgraphs.flatMap(\.allCalls) }
  }
}
