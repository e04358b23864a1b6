internal import IR
internal import Operators

/// Numbers the values of graphs so that two of one number are computed in the same way from the same
/// inputs and constants: proof that models are equal without running them.
///
/// Nodes that hand on their input do not count. Constants are the same when they are the same bytes
/// in memory; equal ones elsewhere only cost a proof, never make a wrong one.
struct SameComputation {
  private enum Key: Hashable {
    case input(String)
    case storage(ObjectIdentifier, ElementType, [Int])
    case result(ContentHash, [Int?], slot: Int)
  }

  private var numbers: [Key: Int] = [:]
  private var next = 0

  /// Whether the two models' outputs are the same computations, in order.
  static func holds(_ before: Model, _ after: Model) -> Bool {
    guard before.opsetImports == after.opsetImports, before.functions.isEmpty,
      let first = try? inferTypes(before), let second = try? inferTypes(after)
    else { return false }
    var table = SameComputation()
    let outputs = table.outputs(of: first)
    return outputs == table.outputs(of: second)
  }

  private mutating func number(_ key: Key) -> Int {
    if let known = numbers[key] { return known }
    next += 1
    numbers[key] = next
    return next
  }

  /// A number that no other value has.
  private mutating func fresh() -> Int {
    next += 1
    return next
  }

  private mutating func constant(_ tensor: Tensor) -> Int {
    guard let storage = tensor.storage else { return fresh() }
    return number(.storage(ObjectIdentifier(storage), tensor.elementType, tensor.dimensions))
  }

  private mutating func outputs(of facts: TypedGraph) -> [Int] {
    let graph = facts.graph
    var values = [Int?](repeating: nil, count: graph.valueCount)
    for info in graph.inputs { values[info.value.index] = number(.input(graph[info.value].name)) }
    for id in graph.initializers {
      guard let tensor = graph.constant(id) else { continue }
      values[id.index] = constant(tensor)
    }
    for id in graph.nodeIDs {
      let node = graph[id]
      let inputs = node.inputs.map { value in value.map { values[$0.index] ?? fresh() } }
      let op = facts.op(id)
      if let tensor = op?.constantValue, let output = node.outputs[0] {
        values[output.index] = constant(tensor)
        continue
      }
      let isIdentity = op?.isIdentity(facts.inputs(id), facts.outputs(id)) ?? false
      // Random numbers differ from run to run, and of unknown operators nothing is known.
      let isPlain = op.map { $0.isFoldable && $0.bodies.isEmpty } ?? false
      let hash = isPlain ? Self.hash(node) : nil
      for (slot, output) in node.outputs.enumerated() {
        guard let output else { continue }
        if isIdentity, slot == 0, let source = inputs.first ?? nil {
          values[output.index] = source
        } else if let hash {
          values[output.index] = number(.result(hash, inputs, slot: slot))
        } else {
          values[output.index] = fresh()
        }
      }
    }
    return graph.outputs.map { values[$0.value.index] ?? fresh() }
  }

  private static func hash(_ node: Node) -> ContentHash {
    var hash = ContentHash()
    hash.combine(node.op.domain)
    hash.combine(node.type)
    hash.combine(attributes: node.attributes)
    return hash
  }
}
