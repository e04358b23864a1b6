package import IR

/// What names of operators mean in a graph: the operator sets that it imports and the functions of
/// its model, which go before operators of the same name.
package struct OperatorScope: Sendable {
  package let opsets: [OpsetImport]
  private let functions: [Function.Name: Function]
  /// The functions whose bodies enclose the graph, the outermost first.
  private let calls: [Function.Name]

  private init(
    opsets: [OpsetImport], functions: [Function.Name: Function], calls: [Function.Name]
  ) {
    self.opsets = opsets
    self.functions = functions
    self.calls = calls
  }

  /// The scope of a model's main graph.
  package init(_ model: Model) {
    self.init(
      opsets: model.opsetImports,
      functions: Dictionary(
        model.functions.map { ($0.fullName, $0) }, uniquingKeysWith: { first, _ in first }),
      calls: [])
  }

  /// The scope inside a body.
  package func entering(_ body: Body) -> OperatorScope {
    guard let function = body.function else { return self }
    return OperatorScope(opsets: body.opsets, functions: functions, calls: calls + [function])
  }

  /// Whether the operator of a node is known.
  package func knows(_ node: Node) -> Bool {
    functions[Function.Name(node.op, overload: node.overload)] != nil
      || opsets.version(of: node.op.domain).flatMap { Registry.find(node.op, opset: $0) } != nil
  }

  /// The operator of a node, nil when it is not known: never a guess.
  ///
  /// - Throws: what the operator throws, and an error for a function that calls itself.
  package func make(_ graph: Graph, _ id: NodeID) throws(ModelError) -> (any Operator)? {
    let node = graph[id]
    let view = NodeView(graph, id)
    if !functions.isEmpty {
      let name = Function.Name(node.op, overload: node.overload)
      if let function = functions[name] {
        guard !calls.contains(name) else {
          throw ModelError(
            .invalid,
            "\(view.label): expected a function that does not call itself, found it in its own body"
          )
        }
        return try FunctionCall(view, function)
      }
    }
    // In a function's body an attribute may stand for what the caller gives.
    guard let version = opsets.version(of: node.op.domain),
      !node.attributes.contains(where: \.isReference)
    else { return nil }
    return try Registry.make(node.op, opset: version, view)
  }

  /// The operands and attributes that a node's operator takes; nil for functions and where it is not
  /// stated.
  package func signature(of node: Node) -> Signature? {
    if functions[Function.Name(node.op, overload: node.overload)] != nil { return nil }
    return opsets.version(of: node.op.domain).flatMap { Registry.signature(of: node.op, opset: $0) }
  }
}
