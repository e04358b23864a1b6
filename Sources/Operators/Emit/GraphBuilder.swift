package import IR

/// Appends nodes to a graph so that it reads like the formula that they compute.
package final class GraphBuilder {
  /// The graph so far.
  package private(set) var graph: Graph
  /// The version of ONNX's operator set that nodes are written for.
  package let opset: Int
  /// Whether only standard operators may be used, where they suffice.
  package let isPortable: Bool
  /// Operator sets that nodes need beside ONNX's own.
  package private(set) var imports: [OpsetImport] = []
  /// What names of new values begin with.
  package let stem: String
  private var numbers: [Number: ValueID] = [:]

  private struct Number: Hashable {
    let bits: UInt64
    let type: ElementType
  }

  package init(_ graph: Graph, opset: Int, isPortable: Bool, stem: String = "gradient") {
    self.graph = graph
    self.opset = opset
    self.isPortable = isPortable
    self.stem = stem
  }

  /// Appends a node with one output.
  package func node(
    _ op: OperatorName, _ inputs: [ValueID?], _ attributes: [Attribute] = []
  ) -> ValueID {
    nodes(op, inputs, attributes, outputs: 1)[0]
  }

  /// Appends a node with several outputs.
  package func nodes(
    _ op: OperatorName, _ inputs: [ValueID?], _ attributes: [Attribute] = [], outputs: Int
  ) -> [ValueID] {
    let made = (0..<outputs).map { _ in graph.addFreshValue(stem) }
    var inputs = inputs
    while let last = inputs.last, last == nil { inputs.removeLast() }
    graph.add(
      Node(
        op.type, domain: op.domain.isEmpty ? nil : op.domain, inputs: inputs, outputs: made,
        attributes: attributes))
    if op.domain == Inner.domain { need(Inner.domain, Inner.version) }
    return made
  }

  /// Appends an operator of the inner domain that says something of another node's operator.
  ///
  /// - Parameter opset: the version at which that operator is meant; that of the graph when nil.
  package func inner(
    _ op: OperatorName, _ inputs: [Term?], of node: Node, opset version: Int? = nil
  ) -> Term {
    inner(op, inputs, of: node, opset: version, outputs: 1)[0]
  }

  /// The same with several outputs.
  package func inner(
    _ op: OperatorName, _ inputs: [Term?], of node: Node, opset version: Int? = nil, outputs: Int
  ) -> [Term] {
    let about = [
      Attribute(Inner.operatorName, .string(Array(node.type.utf8))),
      Attribute(Inner.operatorDomain, .string(Array((node.domain ?? "").utf8))),
      Attribute(Inner.operatorOpset, .int(version ?? (node.isStandard ? opset : 1))),
    ]
    return nodes(op, inputs.map { $0?.id }, about + node.attributes, outputs: outputs).map {
      Term(self, $0, .unknown)
    }
  }

  /// A number as a scalar; one constant serves for all that are equal.
  package func number(_ value: Double, _ type: ElementType) -> Term {
    let key = Number(bits: value.bitPattern, type: type)
    if let known = numbers[key] { return Term(self, known, TensorType(type, [])) }
    let tensor: Tensor =
      switch type {
      case .double: Tensor(.double, [], Storage([value]))
      case .float16: Tensor(.float16, [], Storage([Float16(value).bitPattern]))
      case .bfloat16:
        Tensor(.bfloat16, [], Storage([UInt16(truncatingIfNeeded: Float(value).bitPattern >> 16)]))
      case .int64: Tensor(int64: [Int(value)], [])
      case .int32: Tensor(.int32, [], Storage([Int32(value)]))
      default: Tensor(floats: [Float(value)], [])
      }
    let id = graph.addInitializer("\(stem)_number", tensor)
    numbers[key] = id
    return Term(self, id, TensorType(type, []))
  }

  /// A vector of integers.
  package func integers(_ values: [Int]) -> Term {
    let tensor = Tensor(int64: values, [values.count])
    return Term(self, graph.addInitializer("\(stem)_integers", tensor), tensor.type)
  }

  /// Adds a constant.
  package func constant(_ name: String, _ tensor: Tensor) -> Term {
    Term(self, graph.addInitializer(name, tensor), tensor.type)
  }

  /// Adds an input of the graph.
  package func input(_ name: String, _ type: TensorType) -> Term {
    let id = graph.addFreshValue(name)
    graph.addInput(ValueInfo(id, type: .tensor(type)))
    return Term(self, id, type)
  }

  /// Declares a value an input too, so that a run may give another one.
  package func open(_ id: ValueID) {
    guard !graph.isInput(id) else { return }
    graph.addInput(ValueInfo(id, type: graph[id].type))
  }

  /// Notes that nodes need an operator set.
  package func need(_ domain: String, _ version: Int?) {
    guard imports.version(of: domain) == nil else { return }
    imports.append(OpsetImport(domain: domain, version: version))
  }

  /// Notes what a graph needs that becomes a part of this one.
  package func adoptImports(of other: GraphBuilder) {
    for set in other.imports { need(set.domain ?? "", set.version) }
  }

  /// Changes the graph in a way that leaves its nodes in order.
  package func edit<Failure: Error>(
    _ change: (inout Graph) throws(Failure) -> Void
  ) throws(Failure) {
    try change(&graph)
  }

  /// Declares an output under a name of its own.
  package func output(_ name: String, _ term: Term) {
    let id = graph.addFreshValue(name)
    graph.add(Node(Identity.schema.op.type, inputs: [term.id], outputs: [id]))
    graph.addOutput(ValueInfo(id, type: .tensor(term.type)))
  }

  /// Takes all outputs away.
  package func dropOutputs() { graph.removeOutputs() }

  /// Removes nodes whose results nobody reads, the last first.
  package func dropUnread() {
    for id in graph.nodeIDs.reversed()
    where graph[id].outputs.allSatisfy({ $0.map { graph[$0].uses.isEmpty } ?? true }) {
      graph.remove(id)
    }
    graph.dropUnusedValues()
  }
}
