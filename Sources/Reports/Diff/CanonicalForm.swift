public import IR
internal import Operators

/// A model under names and in an order that follow from what it computes, so that two exporters' texts
/// of one network are alike.
///
/// Names of the graph's inputs and outputs are its interface and stay. Nodes stand in the order of
/// their hashes, as far as operands allow; other values are called `v0`, `v1` …, constants `c0`, `c1`
/// … in the order of their first readers. Constant nodes become initializers; attributes are sorted,
/// and those that say the default are gone, as are documentation and metadata.
public enum CanonicalForm {
  /// The canonical form. Bodies of nodes and functions keep their names.
  public static func of(_ model: Model) -> Model {
    let source = DiffGraph(model.graph, opsets: model.opsetImports)
    var result = model
    result.producerName = nil
    result.producerVersion = nil
    result.docString = nil
    result.metadata = []
    result.graph = graph(source)
    return result
  }

  private static func graph(_ source: DiffGraph) -> Graph {
    var builder = CanonicalGraph(source)
    for item in order(source) { builder.add(item) }
    return builder.finished()
  }

  /// Items by hash, each behind its operands.
  private static func order(_ source: DiffGraph) -> [Int] {
    struct Entry: Comparable {
      let up: ContentHash, down: ContentHash
      let item: Int

      static func < (a: Entry, b: Entry) -> Bool {
        (a.up, a.down, a.item) < (b.up, b.down, b.item)
      }
    }
    let top = DiffHashes.levels - 1
    var waiting = source.items.map { item in
      (item.inputs + item.captures).reduce(into: Set<Int>()) { found, operand in
        if case .result(let producer, _) = operand { found.insert(producer) }
      }.count
    }
    var readers = [Set<Int>](repeating: [], count: source.items.count)
    for (index, item) in source.items.enumerated() {
      for case .result(let producer, _) in item.inputs + item.captures {
        readers[producer].insert(index)
      }
    }
    // Depth first, so that what belongs together stands together: of the items that are ready those
    // that the last one made ready come first.
    var ready: [[Entry]] = [[]]
    func entry(_ item: Int) -> Entry {
      Entry(
        up: source.hashes.upward[top][item], down: source.hashes.downward[top][item], item: item)
    }
    ready[0] = waiting.indices.filter { waiting[$0] == 0 }.map(entry).sorted(by: >)
    var found: [Int] = []
    while !ready.isEmpty {
      guard let next = ready[ready.count - 1].popLast() else {
        ready.removeLast()
        continue
      }
      found.append(next.item)
      var fresh: [Entry] = []
      for reader in readers[next.item] {
        waiting[reader] -= 1
        if waiting[reader] == 0 { fresh.append(entry(reader)) }
      }
      if !fresh.isEmpty { ready.append(fresh.sorted(by: >)) }
    }
    return found
  }
}

/// Builds the graph.
private struct CanonicalGraph {
  private let source: DiffGraph
  private var graph: Graph
  private var values: [DiffGraph.Source: ValueID] = [:]
  private var constants = 0
  private var results = 0

  init(_ source: DiffGraph) {
    self.source = source
    graph = Graph()
    graph.name = nil
    for (index, info) in source.inputs.enumerated() {
      guard let id = graph.addValue(named: source.graph[info.value].name, type: info.type) else {
        continue
      }
      graph.addInput(ValueInfo(id, type: info.type))
      if let tensor = source.graph[info.value].initializer { graph.setInitializer(id, tensor) }
      values[.input(index)] = id
    }
    for (index, operand) in source.outputs.enumerated() where values[operand] == nil {
      let info = source.graph.outputs[index]
      values[operand] = graph.addValue(named: source.graph[info.value].name, type: info.type)
      if case .constant(let number) = operand, let id = values[operand] {
        graph.setInitializer(id, source.constants[number].tensor)
      }
    }
  }

  private mutating func value(_ operand: DiffGraph.Source) -> ValueID? {
    if let known = values[operand] { return known }
    let id: ValueID
    switch operand {
    case .none: return nil
    case .constant(let number):
      id = graph.addInitializer("c\(constants)", source.constants[number].tensor)
      constants += 1
    case .input, .sparse, .outer: id = graph.addFreshValue(source.plainName(operand))
    case .result:
      id = graph.addFreshValue("v\(results)")
      results += 1
    }
    values[operand] = id
    return id
  }

  mutating func add(_ number: Int) {
    let item = source.items[number]
    let old = source.graph[item.id]
    let inputs = item.inputs.map { value($0) }
    // What bodies read by name has to keep its name.
    let outputs = old.outputs.enumerated().map { slot, output -> ValueID? in
      guard let output else { return nil }
      let operand = DiffGraph.Source.result(item: number, output: slot)
      if values[operand] == nil, source.graph.isCaptured(output) {
        values[operand] = graph.addValue(named: source.graph[output].name)
      }
      return value(operand)
    }
    var node = old.relocated(inputs: inputs, outputs: outputs)
    node.name = nil
    node.domain = item.op.domain.isEmpty ? nil : item.op.domain
    node.docString = nil
    node.metadata = []
    node.attributes =
      item.attributes
      + old.attributes.filter { !$0.value.subgraphs.isEmpty }.sorted { $0.name < $1.name }
    for capture in item.captures {
      let name = source.plainName(capture)
      if values[capture] == nil, graph.value(named: name) == nil,
        case .constant(let constant) = capture
      {
        values[capture] = graph.addInitializer(name, source.constants[constant].tensor)
      }
    }
    graph.add(node)
  }

  func finished() -> Graph {
    var graph = graph
    for (index, operand) in source.outputs.enumerated() {
      let type = source.graph.outputs[index].type
      if let id = values[operand] { graph.addOutput(ValueInfo(id, type: type)) }
    }
    return graph
  }
}

extension DiffGraph {
  /// The name of an operand's value.
  fileprivate func plainName(_ operand: Source) -> String {
    switch operand {
    case .none: ""
    case .constant(let index): constants[index].name
    case .input(let index): graph[inputs[index].value].name
    case .sparse(let index): graph[graph.sparseInitializers[index]].name
    case .result(let item, let output):
      graph[items[item].id].outputs[output].map { graph[$0].name } ?? ""
    case .outer(let name): name
    }
  }
}
