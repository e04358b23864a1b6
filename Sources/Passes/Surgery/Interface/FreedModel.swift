internal import IR
internal import Operators

/// A model on its way from a fixed length to an open one.
struct FreedModel {
  /// What was changed.
  private(set) var applied: [PassReport.Entry] = []
  private var model: Model
  private let symbol: String
  private let length: Int
  private let original: Model
  /// Reshapes and their kin tell lengths in lists no longer than this.
  private static let longestList = 16

  init(_ model: Model, symbol: String, length: Int) {
    original = model
    self.model = model
    self.symbol = symbol
    self.length = length
  }

  /// Opens an axis of an input.
  mutating func open(_ input: Int, _ axis: Int) {
    guard let type = model.graph.inputs[input].type?.tensor, var shape = type.shape else { return }
    shape[axis] = Dimension(symbol: symbol)
    model.graph.setInputType(input, .tensor(TensorType(type.elementType, shape)))
  }

  /// The types that follow from the inputs alone: what the file declares may hold for the old length.
  private static func types(_ model: Model) throws(ModelError) -> TypedGraph {
    var bare = model
    bare.graph.valueInfos = []
    let ids = Set(bare.graph.inputs.map(\.value))
    for id in bare.graph.valueIDs where !ids.contains(id) && bare.graph[id].initializer == nil {
      bare.graph.setType(id, nil)
    }
    for index in bare.graph.outputs.indices { bare.graph.setOutputType(index, nil) }
    return try inferTypes(bare)
  }

  /// Changes the lists of lengths that hold the old one.
  ///
  /// - Throws: `ModelError` with code `unsupported` naming a node that keeps it.
  mutating func settle() throws(ModelError) {
    let old = try Self.types(original)
    var facts = try types(old, where: nil)
    for id in model.graph.nodeIDs {
      guard keepsLength(id, facts, old) else { continue }
      guard let (changed, next, text) = rewritten(id, facts, old) else { continue }
      model = changed
      facts = next
      applied.append(.init(node: model.graph.label(id), text: text))
    }
    try requireOpen(facts, old)
  }

  /// The types; an error says which node does not take the open length.
  private func types(_ old: TypedGraph, where node: NodeID?) throws(ModelError) -> TypedGraph {
    do { return try Self.types(model) } catch {
      throw ModelError(
        .unsupported, "expected a model that takes another length, found: \(error.message)")
    }
  }

  private func isOpen(_ type: TensorType?) -> Bool {
    type?.shape?.dimensions.contains { $0.expression?.symbols.contains(symbol) ?? false } ?? false
  }

  /// Whether a node reads something of the open length and gives what has it not, or not as much as it
  /// had.
  private func keepsLength(_ id: NodeID, _ facts: TypedGraph, _ old: TypedGraph) -> Bool {
    let node = model.graph[id]
    guard node.inputs.contains(where: { isOpen($0.flatMap { facts.graph[$0].tensorType }) }),
      let output = node.outputs.first ?? nil, let before = old.graph[output].tensorType?.shape
    else { return false }
    guard let shape = facts.graph[output].tensorType?.shape else { return true }
    return !isOpen(facts.graph[output].tensorType)
      || shape.substituting([symbol: length]) != before
  }

  /// The model with another list of lengths at a node; nil where no list does.
  private func rewritten(
    _ id: NodeID, _ facts: TypedGraph, _ old: TypedGraph
  ) -> (Model, TypedGraph, String)? {
    guard let output = model.graph[id].outputs.first ?? nil,
      let before = old.graph[output].tensorType?.shape, before.rank <= Self.longestList
    else { return nil }
    for (slot, value) in model.graph[id].inputs.enumerated().dropFirst() {
      guard let value, let tensor = facts.constant(value), tensor.elementType == .int64,
        tensor.dimensions == [before.rank], let list = tensor.integers,
        zip(list, before.dimensions).allSatisfy({ $0 == -1 || $0 == 0 || .known($0) == $1 })
      else { continue }
      for candidate in candidates(list) {
        var changed = model
        let constant = changed.graph.addInitializer(
          "\(model.graph[value].name)_open", Tensor(int64: candidate, [candidate.count]))
        changed.graph.setInput(id, slot: slot, to: constant)
        changed.graph.dropUnusedValues()
        guard let next = try? Self.types(changed), isOpen(next.graph[output].tensorType),
          next.graph[output].tensorType?.shape?.substituting([symbol: length]) == before
        else { continue }
        return (changed, next, "lengths \(list) -> \(candidate)")
      }
    }
    return nil
  }

  /// Lists that copy or compute what stood there: first axes first, copies before the one that is
  /// computed.
  private func candidates(_ list: [Int]) -> [[Int]] {
    var found: [[Int]] = []
    for axis in list.indices where list[axis] > 0 && (length == 0 || list[axis] % length == 0) {
      for entry in [0, -1] where entry == 0 || !list.contains(-1) {
        var candidate = list
        candidate[axis] = entry
        found.append(candidate)
      }
    }
    return found
  }

  private func requireOpen(_ facts: TypedGraph, _ old: TypedGraph) throws(ModelError) {
    guard
      !model.graph.outputs.contains(where: { info in
        facts.graph[info.value].tensorType?.shape == nil
          || isOpen(facts.graph[info.value].tensorType)
      })
    else { return }
    let loses = model.graph.nodeIDs.first { id in
      model.graph[id].inputs.contains { isOpen($0.flatMap { facts.graph[$0].tensorType }) }
        && !model.graph[id].outputs.contains {
          $0.map { isOpen(facts.graph[$0].tensorType) } ?? true
        }
    }
    let output = loses.flatMap { model.graph[$0].outputs.first ?? nil }
    let shape = output.flatMap { facts.graph[$0].tensorType }.map { "\($0)" } ?? "a fixed result"
    throw ModelError(
      .unsupported,
      "\(loses.map(model.graph.label) ?? "graph"): expected a result as long as its input,"
        + " found \(shape) whatever '\(symbol)' is")
  }

  /// The model with what follows declared.
  func finish() throws(ModelError) -> Model {
    let facts = try Self.types(model)
    var result = model
    for (index, info) in model.graph.outputs.enumerated() {
      guard let type = facts.graph[info.value].type, type.isDeclarable, isOpen(type.tensor) else {
        continue
      }
      result.graph.setOutputType(index, type)
    }
    result.graph.valueInfos.removeAll { info in
      guard let type = facts.graph[info.value].type else { return true }
      return type.tensor?.shape == nil
    }
    for index in result.graph.valueInfos.indices {
      let type = facts.graph[result.graph.valueInfos[index].value].type
      guard let type, isOpen(type.tensor), type.isDeclarable else { continue }
      result.graph.valueInfos[index].type = type
      result.graph.valueInfos[index].encodedType = nil
    }
    return result
  }
}
