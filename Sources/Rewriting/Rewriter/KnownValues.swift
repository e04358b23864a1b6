internal import IR
internal import Operators

/// What is known of a graph's values while rules change it.
struct KnownValues {
  private(set) var types: [TensorType]
  private(set) var data: [[Dimension]?]
  private(set) var derived: [Tensor?]

  /// What inference has found, and constants of enclosing graphs.
  init(_ facts: TypedGraph, _ graph: Graph, outer: Scope) {
    let values = facts.graph.valueIDs
    types = values.map { facts.graph[$0].tensorType ?? .unknown }
    data = values.map { facts.data($0) }
    derived = values.map { facts.derivedConstant($0) }
    for name in graph.freeNames {
      guard let id = graph.value(named: name), let tensor = outer.constants[name] else { continue }
      derived[id.index] = tensor
    }
  }

  /// Makes room for values that have been added.
  mutating func extend(to count: Int) {
    while types.count < count {
      types.append(.unknown)
      data.append(nil)
      derived.append(nil)
    }
  }

  /// Sets the type of a value.
  mutating func set(_ id: ValueID, _ type: TensorType) { types[id.index] = type }

  /// Adds what inference says of a value where less was known.
  mutating func learn(_ id: ValueID, _ result: Inferred) {
    if types[id.index].shape == nil || types[id.index].elementType == .undefined {
      types[id.index] = result.type
    }
    if data[id.index] == nil { data[id.index] = result.data }
  }
}
