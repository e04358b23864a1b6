internal import IR
internal import Operators

/// A graph made ready for comparison: constants are constants whether they stand in initializers or
/// in nodes, attributes that say the default are gone, and names are labels only.
final class DiffGraph {
  /// Where an operand comes from.
  enum Source: Hashable {
    /// The operand is left out.
    case none
    /// Number of a constant in `constants`.
    case constant(Int)
    /// Number of a graph input.
    case input(Int)
    /// Number of a sparse initializer, whose elements are not looked at.
    case sparse(Int)
    /// An output of an item.
    case result(item: Int, output: Int)
    /// A value of an enclosing graph that is no constant, by name.
    case outer(String)
  }

  /// A constant tensor that a node reads.
  struct Constant {
    let name: String
    let tensor: Tensor
    let hash: ContentHash
  }

  /// A reader of an item's output or of a graph input: `slot` is nil for a subgraph that captures.
  struct Consumer {
    let output: Int
    let item: Int
    let slot: Int?
  }

  /// A subgraph and the attribute that holds it.
  struct Child {
    let attribute: String
    let index: Int
    let graph: DiffGraph
  }

  /// A node that is no constant.
  struct Item {
    let id: NodeID
    let op: OperatorName
    let isCommutative: Bool
    /// Whether the item normalises along last axes by numbers of its own, whatever made its input.
    let normalizesRows: Bool
    /// Operands, without those left out at the end.
    let inputs: [Source]
    /// What the subgraphs capture.
    let captures: [Source]
    /// Attributes other than graphs that do not just say the default, sorted by name.
    let attributes: [Attribute]
    /// What attributes mean that are left out or just say the default.
    let defaults: [String: AttributeValue]
    let children: [Child]
    var consumers: [Consumer] = []
    /// Numbers of the graph outputs that the item's outputs are.
    var graphOutputs: [(output: Int, index: Int)] = []
  }

  let graph: Graph
  /// The graph's inputs but for those that only repeat constants.
  let inputs: [ValueInfo]
  private(set) var items: [Item] = []
  private(set) var constants: [Constant] = []
  private(set) var inputConsumers: [[Consumer]]
  private(set) var outputs: [Source] = []
  var hashes = DiffHashes()
  private unowned let parent: DiffGraph?
  private var sources: [Source?]

  init(_ graph: Graph, opsets: [OpsetImport], parent: DiffGraph? = nil) {
    self.graph = graph
    self.parent = parent
    sources = Array(repeating: nil, count: graph.valueCount)
    inputs = graph.openInputs
    inputConsumers = Array(repeating: [], count: inputs.count)
    for (index, info) in inputs.enumerated() {
      sources[info.value.index] = .input(index)
    }
    for (index, id) in graph.sparseInitializers.enumerated() { sources[id.index] = .sparse(index) }
    for id in graph.nodeIDs { add(id, opsets) }
    for info in graph.outputs { outputs.append(source(info.value)) }
    link()
    hashes = DiffHashes(self)
  }

  private func add(_ id: NodeID, _ opsets: [OpsetImport]) {
    let node = graph[id]
    let version = opsets.version(of: node.op.domain)
    if node.inputs.isEmpty, node.outputs.count == 1, let output = node.outputs[0], let version,
      let op = try? Registry.make(node.op, opset: version, NodeView(graph, id)),
      let tensor = op.constantValue
    {
      sources[output.index] = addConstant(tensor, name: graph[output].name)
      return
    }
    if let version, let constant = handedOn(by: id, version) {
      for output in node.outputs { output.map { sources[$0.index] = .constant(constant) } }
      return
    }
    let type = version.flatMap { Registry.find(node.op, opset: $0) }
    let defaults = version.map { Registry.defaults(of: node.op, opset: $0) } ?? [:]
    var inputs = node.inputs.map { $0.map(source) ?? .none }
    while inputs.last == Source.none { inputs.removeLast() }
    let children = node.attributes.sorted { $0.name < $1.name }.flatMap { attribute in
      attribute.value.subgraphs.enumerated().map { index, body in
        Child(
          attribute: attribute.name, index: index,
          graph: DiffGraph(body, opsets: opsets, parent: self))
      }
    }
    let attributes = node.attributes.filter { $0.value.subgraphs.isEmpty }
      .sorted { $0.name < $1.name }
    var telling: [Attribute] = []
    var meant = defaults
    for attribute in attributes {
      if let value = defaults[attribute.name], attribute.value.says(value) {
        meant[attribute.name] = attribute.value
      } else {
        telling.append(attribute)
      }
    }
    for (slot, output) in node.outputs.enumerated() {
      if let output { sources[output.index] = .result(item: items.count, output: slot) }
    }
    items.append(
      Item(
        id: id, op: node.op, isCommutative: type?.traits.isCommutative ?? false,
        normalizesRows: type is any TrailingNormalization.Type, inputs: inputs,
        captures: node.captures.map(source), attributes: telling, defaults: meant,
        children: children))
  }

  /// The constant that a node hands on as it is, as exporters have it where weights are alike: number in
  /// `constants`. Nil where bodies or callers know the result by its name.
  private func handedOn(by id: NodeID, _ version: Int) -> Int? {
    let node = graph[id]
    guard node.inputs.count == 1, node.outputs.count == 1, let input = node.inputs[0],
      let output = node.outputs[0], graph.constant(input) != nil || sources[input.index] != nil,
      case .constant(let number) = source(input),
      !graph.isOutput(output), !graph.isCaptured(output),
      let op = try? Registry.make(node.op, opset: version, NodeView(graph, id))
    else { return nil }
    let tensor = constants[number].tensor
    let operand = Operand(name: constants[number].name, type: tensor.type, constant: tensor)
    let inputs = Inputs(label: graph.label(id), [operand])
    return op.isIdentity(inputs, [.unknown]) ? number : nil
  }

  private func addConstant(_ tensor: Tensor, name: String) -> Source {
    constants.append(Constant(name: name, tensor: tensor, hash: tensor.contentHash))
    return .constant(constants.count - 1)
  }

  /// Where a value comes from.
  func source(_ id: ValueID) -> Source {
    if let known = sources[id.index] { return known }
    let found: Source
    if let tensor = graph.constant(id) {
      found = addConstant(tensor, name: graph[id].name)
    } else if let outer = parent?.constant(named: graph[id].name) {
      constants.append(outer)
      found = .constant(constants.count - 1)
    } else {
      found = .outer(graph[id].name)
    }
    sources[id.index] = found
    return found
  }

  /// Where the value called `name` comes from.
  func source(named name: String) -> Source {
    graph.value(named: name).map(source) ?? .outer(name)
  }

  private func constant(named name: String) -> Constant? {
    guard case .constant(let index) = source(named: name) else { return nil }
    return constants[index]
  }

  /// Records who reads what.
  private func link() {
    for index in items.indices {
      let item = items[index]
      for (slot, source) in item.inputs.enumerated() {
        link(source, to: index, slot: item.isCommutative ? 0 : slot)
      }
      for source in item.captures { link(source, to: index, slot: nil) }
    }
    for (index, source) in outputs.enumerated() {
      if case .result(let item, let output) = source {
        items[item].graphOutputs.append((output: output, index: index))
      }
    }
  }

  private func link(_ source: Source, to item: Int, slot: Int?) {
    switch source {
    case .result(let producer, let output):
      items[producer].consumers.append(Consumer(output: output, item: item, slot: slot))
    case .input(let input):
      inputConsumers[input].append(Consumer(output: 0, item: item, slot: slot))
    default: break
    }
  }

  /// Whether an item reads a constant of rank 2 or more.
  func hasWeight(_ item: Int) -> Bool {
    items[item].inputs.contains { source in
      guard case .constant(let index) = source else { return false }
      return constants[index].tensor.dimensions.count > 1
    }
  }

  /// How messages name an item.
  func label(_ item: Int) -> String { graph.label(items[item].id) }

  /// The name of a source's value, for messages.
  func name(_ source: Source) -> String {
    switch source {
    case .none: "nothing"
    case .constant(let index): "constant '\(constants[index].name)'"
    case .input(let index): "graph input '\(graph[inputs[index].value].name)'"
    case .sparse(let index): "sparse constant '\(graph[graph.sparseInitializers[index]].name)'"
    case .result(let item, let output):
      "output \(output) of \(label(item))"
    case .outer(let name): "outer value '\(name)'"
    }
  }
}

extension Graph {
  /// The inputs that a caller may set. Older models declare every constant as an input too.
  var openInputs: [ValueInfo] { inputs.filter { constant($0.value) == nil } }
}

extension DiffGraph {
  /// `fused into … by …` for each node that a fusion rule absorbed, by the label it had; rules leave
  /// `rule: label; rule: label` in the surviving node's metadata.
  var recordedFusions: [String: String] {
    var found: [String: String] = [:]
    for index in items.indices {
      for entry in graph[items[index].id].metadata where entry.key == "lapidary.fused" {
        var rest = Substring(entry.value ?? "")
        while !rest.isEmpty {
          let end = rest.firstRange(of: "; ")
          let record = rest[..<(end?.lowerBound ?? rest.endIndex)]
          rest = end.map { rest[$0.upperBound...] } ?? ""
          guard let colon = record.firstRange(of: ": ") else { continue }
          found[String(record[colon.upperBound...])] =
            "fused into \(label(index)) by \(record[..<colon.lowerBound])"
        }
      }
    }
    return found
  }
}

extension AttributeValue {
  /// Whether the value is the default, where one number in a list stands for all of them.
  fileprivate func says(_ other: AttributeValue) -> Bool {
    switch (self, other) {
    case (.float(let x), .float(let y)): x == y
    case (.int(let x), .int(let y)): x == y
    case (.string(let x), .string(let y)): x == y
    case (.ints(let x), .ints(let y)): x == y || (y.count == 1 && x.allSatisfy { $0 == y[0] })
    case (.floats(let x), .floats(let y)): x == y || (y.count == 1 && x.allSatisfy { $0 == y[0] })
    case (.strings(let x), .strings(let y)): x == y
    default: false
    }
  }
}
