internal import IR
internal import Operators
internal import Rewriting

/// Equal constants become one.
///
/// Constants are told apart by type, length and a sample of their bytes; only those that agree in
/// these are compared byte by byte.
struct DeduplicateInitializers: SweepRule {
  static let name = "deduplicate-initializers"
  static let summary = "equal constants become one"

  private struct Key: Hashable {
    let type: ElementType
    let dimensions: [Int]
    let sample: [UInt8]
  }

  func apply(to net: inout Rewriter, _ journal: inout Journal) throws(ModelError) {
    let annotated = Set(net.graph.quantizationAnnotations.compactMap(\.tensorName))
    var seen: [Key: [ValueID]] = [:]
    for id in net.graph.initializers where !journal.isFull {
      guard let tensor = net.graph.constant(id), let storage = tensor.storage,
        !net.graph.isOutput(id), !net.graph.isCaptured(id), tensor.metadata.isEmpty,
        !annotated.contains(net.graph[id].name), !net.graph[id].uses.isEmpty
      else { continue }
      let key = Key(
        type: tensor.elementType, dimensions: tensor.dimensions, sample: Self.sample(storage))
      guard let twin = seen[key]?.first(where: { net.graph.constant($0) == tensor }) else {
        seen[key, default: []].append(id)
        continue
      }
      net.replaceReaders(of: id, with: twin)
      journal.apply(
        "initializer '\(net.graph[id].name)'", rule: Self.name,
        "equals '\(net.graph[twin].name)'")
    }
  }

  /// Bytes from all over the storage.
  private static func sample(_ storage: Storage) -> [UInt8] {
    storage.withUnsafeBytes { bytes in
      let step = max(1, bytes.count / 64)
      return stride(from: 0, to: bytes.count, by: step).map { bytes[$0] }
    }
  }
}

/// Nodes that compute the same from the same become one.
struct DeduplicateNodes: SweepRule {
  static let name = "deduplicate-nodes"
  static let summary = "nodes that compute the same from the same inputs become one"

  func apply(to net: inout Rewriter, _ journal: inout Journal) throws(ModelError) {
    var seen: [ContentHash: NodeID] = [:]
    for id in net.graph.nodeIDs where !journal.isFull {
      let node = net.graph[id]
      guard let op = net.op(id), op.isFoldable, op.bodies.isEmpty, !node.inputs.isEmpty else {
        continue
      }
      let key = Self.key(node)
      guard let twin = seen[key] else {
        seen[key] = id
        continue
      }
      let label = net.graph.label(id), other = net.graph.label(twin)
      if let obstacle = net.unite(id, with: twin) {
        journal.decline(label, rule: Self.name, obstacle)
      } else {
        journal.apply(label, rule: Self.name, "computes the same as \(other)")
      }
    }
  }

  private static func key(_ node: Node) -> ContentHash {
    var hash = ContentHash()
    hash.combine(node.op.domain)
    hash.combine(node.type)
    hash.combine(node.outputs.count)
    for output in node.outputs { hash.combine(output == nil ? 0 : 1) }
    hash.combine(node.inputs.count)
    for input in node.inputs { hash.combine(input?.index ?? -1) }
    hash.combine(attributes: node.attributes)
    return hash
  }
}
