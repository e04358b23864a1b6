internal import IR
internal import Operators

/// A graph while rules change it: the graph, what is known of its values, and which nodes have to
/// be looked at again.
///
/// Rules edit through the methods here, each of which marks the nodes that an edit concerns. Nodes
/// keep their identifiers; the order of execution is put right once, by `finish`.
struct Rewriter {
  /// The graph. Rules read it and change it through the methods of the rewriter.
  private(set) var graph: Graph
  /// What names of operators mean here.
  private let operatorScope: OperatorScope
  /// The version of ONNX's own operator set.
  let opset: Int
  /// What the user asked for.
  let options: FusionOptions
  /// What lies around the graph, when it is a subgraph.
  private let outer: Scope
  /// Bytes that folded constants may still add to the file.
  var growth: Int

  private var types: [TensorType]
  private var data: [[Dimension]?]
  private var derived: [Tensor?]
  private var operators: [(any Operator)??]
  /// Names of values with quantization parameters, which hold for their present elements.
  private let annotated: Set<String>
  /// What nodes have absorbed, by the label under which they may be absorbed in turn.
  private var histories: [String: String] = [:]
  /// The key of the metadata that says what a node has absorbed.
  static let historyKey = "lapidary.fused"
  /// Nodes to look at, in the order in which they came up.
  private var queue: [NodeID] = []
  private var next = 0
  private var isQueued: [Bool]
  /// Where a node stands among the nodes of the beginning; inserted ones stand where their
  /// follower stood.
  private(set) var position: [Int]

  /// Starts on a graph whose facts are known.
  init(_ facts: TypedGraph, in model: Model, options: FusionOptions, growth: Int, outer: Scope) {
    graph = model.graph
    self.outer = outer
    annotated = Set(graph.quantizationAnnotations.compactMap(\.tensorName))
    var extended = model
    extended.opsetImports += options.target.operatorSets.filter {
      model.opset(of: $0.domain ?? "") == nil
    }
    operatorScope = OperatorScope(extended)
    opset = model.opset() ?? 1
    self.options = options
    self.growth = growth
    let values = facts.graph.valueIDs
    types = values.map { facts.graph[$0].tensorType ?? .unknown }
    data = values.map { facts.data($0) }
    derived = values.map { facts.derivedConstant($0) }
    for name in graph.freeNames {
      guard let id = graph.value(named: name), let tensor = outer.constants[name] else { continue }
      derived[id.index] = tensor
    }
    let nodes = graph.nodeTable.count
    operators = Array(repeating: nil, count: nodes)
    isQueued = Array(repeating: false, count: nodes)
    position = Array(repeating: 0, count: nodes)
    for (place, id) in graph.nodeIDs.enumerated() {
      position[id.index] = place
      operators[id.index] = .some(facts.op(id))
      if let history = graph[id].history { histories[graph.label(id)] = history }
    }
  }

  /// The graph with its nodes in an order of execution.
  consuming func finish() throws(ModelError) -> Graph {
    graph.order { [position] in (position[$0.index], $0) }
    try graph.sortTopologically()
    graph.dropUnusedValues()
    return graph
  }

  // MARK: The worklist

  /// Puts every node on the list, in order of execution.
  mutating func queueAll() { for id in graph.nodeIDs { touch(id) } }

  /// The next node to look at.
  mutating func nextNode() -> NodeID? {
    while next < queue.count {
      let id = queue[next]
      next += 1
      isQueued[id.index] = false
      if graph.contains(id) { return id }
    }
    queue.removeAll(keepingCapacity: true)
    next = 0
    return nil
  }

  /// Marks a node to be looked at again.
  mutating func touch(_ id: NodeID) {
    guard !isQueued[id.index] else { return }
    isQueued[id.index] = true
    queue.append(id)
  }

  /// Marks the node that produces a value and those that read it.
  private mutating func touchAround(_ value: ValueID) {
    if let producer = graph[value].producer { touch(producer) }
    // A value with very many readers is a shared constant: its readers have no stake in each other.
    for use in graph[value].uses.prefix(64) { if let node = use.node { touch(node) } }
  }

  // MARK: Facts

  /// The operator of a node; nil when it is not known at the model's opset.
  mutating func op(_ id: NodeID) -> (any Operator)? {
    if let known = operators[id.index] { return known }
    let op = (try? operatorScope.make(graph, id)) ?? nil
    operators[id.index] = .some(op)
    return op
  }

  /// Whether a node's operator is known at the model's opset.
  mutating func isKnown(_ id: NodeID) -> Bool {
    switch operators[id.index] {
    case .some(.some): true
    case .some(.none): false
    case .none: op(id) != nil
    }
  }

  /// What is known about a node's inputs.
  func inputs(_ id: NodeID) -> Inputs {
    Inputs(
      label: graph.label(id),
      graph[id].inputs.map { value in
        value.map {
          Operand(
            name: graph[$0].name, type: types[$0.index], constant: constant($0),
            data: data[$0.index])
        }
      })
  }

  /// The types of a node's outputs.
  func outputTypes(_ id: NodeID) -> [TensorType] {
    graph[id].outputs.map { $0.map(type) ?? .unknown }
  }

  /// What is known about a value's type.
  func type(_ id: ValueID) -> TensorType { types[id.index] }

  /// The value of a constant that nothing can override, stored or derived from shapes.
  func constant(_ id: ValueID) -> Tensor? { graph.constant(id) ?? derived[id.index] }

  /// Why a weight's elements must not change: quantization parameters belong to them.
  func obstacle(toChanging value: ValueID?) -> String? {
    guard let value, annotated.contains(graph[value].name) else { return nil }
    return "'\(graph[value].name)' has a quantization annotation"
  }

  /// The elements of a small integer tensor, where they follow from shapes.
  func elements(_ id: ValueID) -> [Dimension]? {
    if let values = constant(id)?.integers { return values.map { .known($0) } }
    return data[id.index]
  }

  /// Infers the outputs of a new or changed node anew.
  private mutating func learn(_ id: NodeID) {
    operators[id.index] = nil
    guard let op = op(id), let results = try? op.infer(inputs(id)) else { return }
    for (output, result) in zip(graph[id].outputs, results) {
      guard let output else { continue }
      if types[output.index].shape == nil || types[output.index].elementType == .undefined {
        types[output.index] = result.type
      }
      if data[output.index] == nil { data[output.index] = result.data }
    }
  }

  private mutating func extendTables() {
    while types.count < graph.valueCount {
      types.append(.unknown)
      data.append(nil)
      derived.append(nil)
    }
    while operators.count < graph.nodeTable.count {
      operators.append(nil)
      isQueued.append(false)
      position.append(0)
    }
  }

  // MARK: Edits

  /// Adds a value of the given type under a name derived from `stem`.
  mutating func newValue(_ stem: String, _ type: TensorType) -> ValueID {
    let id = graph.addFreshValue(free(stem), type: type == .unknown ? nil : .tensor(type))
    extendTables()
    types[id.index] = type
    return id
  }

  /// A name derived from `stem` that no enclosing graph has either.
  private func free(_ stem: String) -> String {
    var name = stem
    var number = 2
    while outer.isTaken(name) || graph.value(named: name) != nil {
      name = "\(stem)_\(number)"
      number += 1
    }
    return name
  }

  /// Adds a constant under a name derived from `stem`.
  mutating func newConstant(_ stem: String, _ tensor: Tensor) -> ValueID {
    let id = graph.addInitializer(free(stem), tensor)
    extendTables()
    types[id.index] = tensor.type
    return id
  }

  /// Adds a node right before another, with one output of its own.
  ///
  /// - Returns: the output.
  mutating func insert(
    _ operatorType: String, before follower: NodeID, stem: String, inputs: [ValueID?],
    attributes: [Attribute] = [], type: TensorType
  ) -> ValueID {
    let output = newValue(stem, type)
    let id = graph.add(
      Node(
        operatorType, name: graph[follower].name.map { "\($0)/\(operatorType.lowercased())" },
        inputs: inputs, outputs: [output], attributes: attributes))
    extendTables()
    position[id.index] = position[follower.index]
    learn(id)
    touch(id)
    for input in inputs.compactMap({ $0 }) { touchAround(input) }
    return output
  }

  /// Makes a node another operation, in its place and under its name. What it no longer reads is
  /// looked at again.
  mutating func become(
    _ id: NodeID, _ operatorType: String, inputs: [ValueID?], attributes: [Attribute],
    domain: String? = nil
  ) {
    for value in graph[id].inputs.compactMap({ $0 }) { touchAround(value) }
    graph[id].type = operatorType
    graph[id].domain = domain
    graph[id].attributes = attributes
    setInputs(id, inputs)
  }

  /// Hands a node's name and documentation on to the one that now does its work.
  mutating func inherit(_ id: NodeID, from old: NodeID) {
    graph[id].name = graph[old].name
    graph[id].docString = graph[old].docString
    graph[id].metadata = graph[old].metadata
    graph[old].metadata = []
    graph[old].docString = nil
  }

  /// Gives a node the name of the one that it replaces.
  mutating func rename(_ id: NodeID, like other: NodeID) {
    graph[id].name = graph[other].name
    graph[id].docString = graph[other].docString
    graph[id].metadata = graph[other].metadata
  }

  /// Makes a node read other values.
  mutating func setInputs(_ id: NodeID, _ inputs: [ValueID?]) {
    for value in graph[id].inputs.compactMap({ $0 }) { touchAround(value) }
    graph.truncateInputs(id, to: inputs.count)
    for (slot, value) in inputs.enumerated() { graph.setInput(id, slot: slot, to: value) }
    changed(id)
  }

  /// Makes a node read another value at `slot`.
  mutating func setInput(_ id: NodeID, slot: Int, to value: ValueID?) {
    if let old = graph[id].inputs[safe: slot] ?? nil { touchAround(old) }
    graph.setInput(id, slot: slot, to: value)
    changed(id)
  }

  /// Sets or, with nil, removes an attribute.
  mutating func setAttribute(_ id: NodeID, _ name: String, _ value: AttributeValue?) {
    graph[id].setAttribute(name, value)
    changed(id)
  }

  /// Removes a node whose outputs nothing reads any more.
  mutating func remove(_ id: NodeID) {
    let node = graph[id]
    graph.remove(id)
    for input in node.inputs.compactMap({ $0 }) + node.captures { touchAround(input) }
  }

  /// Drops outputs from the end until `count` are left; nothing may read them.
  mutating func truncateOutputs(_ id: NodeID, to count: Int) {
    graph.truncateOutputs(id, to: count)
    changed(id)
  }

  /// Lets a producer give out `result` instead of what it gave at `slot`, after the node that made
  /// `result` is gone.
  mutating func takeOver(_ producer: NodeID, slot: Int, _ result: ValueID) {
    graph.setOutput(producer, slot: slot, to: result)
    changed(producer)
  }

  /// Replaces a constant operand: in place when nothing else reads the old one, else beside it.
  mutating func replaceConstant(_ id: NodeID, slot: Int, stem: String, with tensor: Tensor) {
    if let old = graph[id].inputs[safe: slot] ?? nil, graph[old].uses.count == 1,
      graph[old].initializer != nil, !graph.isInput(old) || graph.initializersAreConstant
    {
      graph.setInitializer(old, tensor)
      types[old.index] = tensor.type
      changed(id)
    } else {
      setInput(id, slot: slot, to: newConstant(stem, tensor))
    }
  }

  /// Turns a node's outputs into constants.
  mutating func fold(_ id: NodeID, into results: [Tensor]) {
    let outputs = graph[id].outputs.compactMap { $0 }
    remove(id)
    for (output, tensor) in zip(outputs, results) {
      graph.setInitializer(output, tensor)
      types[output.index] = tensor.type
      touchAround(output)
    }
  }

  /// Removes `node` and lets what read its output 0 read `source` instead.
  ///
  /// - Returns: why that cannot be done, or nil when it was.
  mutating func bypass(_ id: NodeID, with source: ValueID) -> String? {
    guard let result = graph[id].outputs[0] else { return nil }
    if let extra = graph[id].outputs.dropFirst().compactMap({ $0 }).first(where: {
      !graph[$0].uses.isEmpty
    }) {
      return "'\(graph[extra].name)' is used"
    }
    if graph.isCaptured(result) { return "a subgraph reads '\(graph[result].name)'" }
    if !graph.isOutput(result) {
      touchAround(result)
      graph.replaceInputs(of: result, with: source)
      remove(id)
      touchAround(source)
      return nil
    }
    // The output's name is part of the contract: the producer takes it over.
    guard let producer = graph[source].producer, !graph.isOutput(source),
      !graph.isCaptured(source)
    else { return "'\(graph[result].name)' is a graph output" }
    let slot = graph[producer].outputs.firstIndex(of: source)!
    let readers = graph[result].uses.compactMap(\.node)
    remove(id)
    graph.setOutput(producer, slot: slot, to: result)
    graph.replaceInputs(of: source, with: result)
    for node in readers + [producer] { touch(node) }
    return nil
  }

  /// Lets what reads a constant read an equal one.
  mutating func replaceReaders(of old: ValueID, with twin: ValueID) {
    touchAround(old)
    graph.replaceInputs(of: old, with: twin)
  }

  /// Lets a node that computes the same as an earlier one go.
  ///
  /// - Returns: why that cannot be done, or nil when it was.
  mutating func unite(_ id: NodeID, with twin: NodeID) -> String? {
    let pairs = zip(graph[id].outputs, graph[twin].outputs).compactMap { a, b in
      a.flatMap { a in b.map { (a, $0) } }
    }
    for (old, kept) in pairs {
      if graph.isCaptured(old) { return "a subgraph reads '\(graph[old].name)'" }
      if graph.isOutput(old), graph.isOutput(kept) || graph.isCaptured(kept) {
        return "'\(graph[old].name)' is a graph output"
      }
    }
    for (old, _) in pairs { touchAround(old) }
    remove(id)
    for (old, kept) in pairs {
      guard graph.isOutput(old) else {
        graph.replaceInputs(of: old, with: kept)
        continue
      }
      // The output's name is part of the contract: the earlier node takes it over.
      let slot = graph[twin].outputs.firstIndex(of: kept)!
      graph.setOutput(twin, slot: slot, to: old)
      graph.replaceInputs(of: kept, with: old)
    }
    touch(twin)
    return nil
  }

  /// Gives a node further outputs, which have lost their producers.
  mutating func appendOutputs(_ id: NodeID, _ values: [ValueID]) {
    graph.appendOutputs(id, values)
    changed(id)
  }

  /// Notes in a node's metadata which nodes a rule absorbed into it, and what these had absorbed.
  mutating func record(_ rule: String, of absorbed: [String], into survivor: NodeID) {
    let entries = absorbed.flatMap { label in
      [histories[label], "\(rule): \(label)"].compactMap { $0 }
    }
    guard !entries.isEmpty else { return }
    let text = entries.joined(separator: "; ")
    if let place = graph[survivor].metadata.firstIndex(where: { $0.key == Self.historyKey }) {
      let old = graph[survivor].metadata[place].value ?? ""
      graph[survivor].metadata[place].value = "\(old); \(text)"
    } else {
      graph[survivor].metadata.append(MetadataEntry(key: Self.historyKey, value: text))
    }
    histories[graph.label(survivor)] = graph[survivor].history
  }

  /// Works on the graph as a whole; afterwards every node has to be looked at again.
  mutating func rebuild(
    _ body: (inout Graph) throws(ModelError) -> Void
  ) throws(ModelError) {
    try body(&graph)
    extendTables()
    for id in graph.nodeIDs where types.indices.contains(id.index) { touch(id) }
  }

  private mutating func changed(_ id: NodeID) {
    learn(id)
    touch(id)
    for input in graph[id].inputs.compactMap({ $0 }) where graph.constant(input) == nil {
      touchAround(input)
    }
    for output in graph[id].outputs.compactMap({ $0 }) { touchAround(output) }
  }
}

extension Node {
  /// What rules have absorbed into the node.
  fileprivate var history: String? {
    metadata.first { $0.key == Rewriter.historyKey }?.value
  }
}
