internal import Execution
internal import IR
internal import Operators
internal import Rewriting

/// What depends on constants alone, or on lengths that are known, is computed here.
///
/// A result counts with its bytes less those of the constants that only it reads; all results
/// together may add no more to the file than the user allows.
struct FoldConstants: FusionRule {
  static let name = "fold-constants"
  static let summary = "what depends on constants and known shapes alone is computed"
  static let roots: [String] = []

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    let node = net.graph[id]
    guard let op = net.op(id), !node.inputs.isEmpty,
      net.folder.folds(op, capturesValues: !node.captures.isEmpty)
    else { return .noMatch }
    let isPacked = node.inputs.first?.flatMap { net.graph.constant($0) }?.elementType.isPacked
    if isPacked ?? false, EncodingNodes.isCast(node) {
      return .declined("its constant is stored in few bits")
    }
    let outputs = node.outputs.compactMap { $0 }
    let derived = outputs.compactMap { net.constant($0) }
    let inputs = node.inputs.map { $0.flatMap { net.constant($0) } }
    let isConstant = zip(node.inputs, inputs).allSatisfy { $0 == nil || $1 != nil }
    guard isConstant || (derived.count == outputs.count && !outputs.isEmpty) else {
      return .noMatch
    }
    if let output = outputs.first(where: { net.graph.isOutput($0) }) {
      return .declined("'\(net.graph[output].name)' is a graph output")
    }
    if derived.count == outputs.count {
      net.fold(id, into: derived)
      return .applied("computed from shapes")
    }
    let size = net.outputTypes(id).reduce(0) { $0 + ($1.byteCount ?? .max / 16) }
    let freed = net.freedBytes(by: id)
    guard net.folder.admits(made: size, freed: freed) else {
      return .declined(
        "its result of \(size) bytes would make the file grow by more than is allowed")
    }
    let computed: [Tensor]?
    do throws(ModelError) {
      computed = try net.folder.compute(
        op, label: net.graph.label(id), inputs: inputs, outputs: node.outputs.count)
    } catch {
      guard error.code == .unsupported else { throw error }
      return .declined(error.message)
    }
    guard let computed else { return .noMatch }
    net.folder.count(made: size, freed: freed)
    net.fold(id, into: zip(node.outputs, computed).compactMap { $0 == nil ? nil : $1 })
    return .applied("computed from constants")
  }
}

extension Rewriter {
  /// Bytes of the constants that nothing but this node reads.
  fileprivate func freedBytes(by id: NodeID) -> Int {
    Set(graph[id].inputs.compactMap { $0 }).reduce(0) { sum, value in
      guard graph[value].uses.allSatisfy({ $0.node == id }), let tensor = graph.constant(value)
      else { return sum }
      return sum + tensor.byteCount
    }
  }
}

extension TensorType {
  /// Bytes of a tensor of a static shape.
  fileprivate var byteCount: Int? {
    shape?.known.flatMap { Operators.byteCount(elementType, $0) }
  }
}
