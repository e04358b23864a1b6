internal import IR

/// Hashes of every item of a graph at three levels: 0 sees operators only, 1 attributes and types
/// of constants too, 2 everything including the constants' elements. Names are never seen.
struct DiffHashes {
  /// Item by itself, per level.
  private(set) var local: [[ContentHash]] = [[], [], []]
  /// Item with all that it is computed from, per level.
  private(set) var upward: [[ContentHash]] = [[], [], []]
  /// Item with all that is computed from it, per level.
  private(set) var downward: [[ContentHash]] = [[], [], []]
  /// Item by operator, attributes and types of constants of rank 2 and more: what stays when
  /// something is folded into a weight or a bias is added.
  private(set) var signature: [ContentHash] = []
  /// Item by operator, attributes and the positions of its kernel: what stays when channels go.
  private(set) var kind: [ContentHash] = []
  /// The whole graph, per level.
  private(set) var whole: [ContentHash] = []

  /// The number of levels.
  static let levels = 3

  init() {}

  init(_ graph: DiffGraph) {
    signature = graph.items.map { item in
      Self.signature(item, graph, item.attributes) { $0.type.description }
    }
    kind = graph.items.map { item in
      // A single number can be one of channels, such as the groups of a convolution.
      let attributes = item.attributes.filter { if case .int = $0.value { false } else { true } }
      return Self.signature(item, graph, attributes) {
        "\($0.dimensions.count) \($0.dimensions.dropFirst(2))"
      }
    }
    for level in 0..<Self.levels {
      local[level] = graph.items.map { Self.local($0, graph, level) }
      upward[level] = Self.upward(graph, local[level], level)
      downward[level] = Self.downward(graph, local[level])
      var hash = ContentHash(seed: 7)
      for source in graph.outputs { hash.combine(Self.hash(source, graph, upward[level], level)) }
      hash.combine(unordered: upward[level])
      whole.append(hash)
    }
  }

  private static func signature(
    _ item: DiffGraph.Item, _ graph: DiffGraph, _ attributes: [Attribute],
    _ shape: (Tensor) -> String
  ) -> ContentHash {
    var hash = ContentHash(seed: 8)
    hash.combine(item.op.domain)
    hash.combine(item.op.type)
    for attribute in attributes {
      hash.combine(attribute.name)
      hash.combine(attribute.hash(withElements: false))
    }
    for case .constant(let index) in item.inputs
    where graph.constants[index].tensor.dimensions.count > 1 {
      hash.combine(shape(graph.constants[index].tensor))
    }
    return hash
  }

  private static func local(_ item: DiffGraph.Item, _ graph: DiffGraph, _ level: Int) -> ContentHash
  {
    var hash = ContentHash(seed: 1)
    hash.combine(item.op.domain)
    hash.combine(item.op.type)
    guard level > 0 else { return hash }
    for attribute in item.attributes {
      hash.combine(attribute.name)
      hash.combine(attribute.hash(withElements: level > 1))
    }
    for child in item.children {
      hash.combine(child.attribute)
      hash.combine(child.index)
      hash.combine(child.graph.hashes.whole[level])
    }
    let operands = item.inputs.map { source -> ContentHash in
      switch source {
      case .constant: Self.hash(source, graph, [], level)
      case .none: ContentHash(seed: 2)
      default: ContentHash(seed: 3)
      }
    }
    if item.isCommutative {
      hash.combine(unordered: operands)
    } else {
      for operand in operands { hash.combine(operand) }
    }
    return hash
  }

  /// The hash of an operand; `upward` holds the items before it.
  private static func hash(
    _ source: DiffGraph.Source, _ graph: DiffGraph, _ upward: [ContentHash], _ level: Int
  ) -> ContentHash {
    var hash = ContentHash(seed: 4)
    switch source {
    case .none: hash.combine(0)
    case .constant(let index):
      hash.combine(1)
      let constant = graph.constants[index]
      if level > 1 {
        hash.combine(constant.hash)
      } else if level > 0 {
        hash.combine(Int(constant.tensor.elementType.rawValue))
        for dimension in constant.tensor.dimensions { hash.combine(dimension) }
      }
    case .input(let index):
      hash.combine(2)
      hash.combine(index)
    case .sparse(let index):
      hash.combine(3)
      hash.combine(index)
    case .result(let item, let output):
      hash.combine(4)
      if let producer = upward[safe: item] { hash.combine(producer) }
      hash.combine(output)
    case .outer: hash.combine(5)
    }
    return hash
  }

  private static func upward(
    _ graph: DiffGraph, _ local: [ContentHash], _ level: Int
  ) -> [ContentHash] {
    var hashes: [ContentHash] = []
    hashes.reserveCapacity(graph.items.count)
    for (index, item) in graph.items.enumerated() {
      var hash = local[index]
      var operands: [ContentHash] = []
      for source in item.inputs {
        // At level 0 an operator with one more constant, such as a bias, is still the same.
        if level == 0 {
          if case .constant = source { continue }
          if source == .none { continue }
        }
        operands.append(Self.hash(source, graph, hashes, level))
      }
      if item.isCommutative {
        hash.combine(unordered: operands)
      } else {
        for operand in operands { hash.combine(operand) }
      }
      hash.combine(
        unordered: item.captures.map { Self.hash($0, graph, hashes, level) })
      hashes.append(hash)
    }
    return hashes
  }

  private static func downward(_ graph: DiffGraph, _ local: [ContentHash]) -> [ContentHash] {
    var hashes = local
    for index in graph.items.indices.reversed() {
      let item = graph.items[index]
      var readers: [ContentHash] = []
      for consumer in item.consumers {
        var hash = ContentHash(seed: 5)
        hash.combine(consumer.output)
        hash.combine(consumer.slot ?? -1)
        hash.combine(hashes[consumer.item])
        readers.append(hash)
      }
      for (output, place) in item.graphOutputs {
        var hash = ContentHash(seed: 6)
        hash.combine(output)
        hash.combine(place)
        readers.append(hash)
      }
      hashes[index].combine(unordered: readers)
    }
    return hashes
  }
}

extension Attribute {
  /// The hash of the value; tensors count with their elements or with their type only.
  func hash(withElements: Bool) -> ContentHash {
    var hash = ContentHash(seed: UInt64(UInt32(bitPattern: value.kind ?? 0)))
    func add(_ tensor: Tensor) {
      if withElements {
        hash.combine(tensor.contentHash)
      } else {
        hash.combine(tensor.type.description)
      }
    }
    switch value {
    case .float(let value): hash.combine(UInt64(value.bitPattern))
    case .int(let value): hash.combine(value)
    case .string(let bytes): bytes.withUnsafeBytes { hash.combine($0) }
    case .tensor(let tensor): add(tensor)
    case .floats(let values):
      hash.combine(values.count)
      for value in values { hash.combine(UInt64(value.bitPattern)) }
    case .ints(let values):
      hash.combine(values.count)
      for value in values { hash.combine(value) }
    case .strings(let values):
      hash.combine(values.count)
      for value in values { value.withUnsafeBytes { hash.combine($0) } }
    case .tensors(let tensors):
      hash.combine(tensors.count)
      for tensor in tensors { add(tensor) }
    case .graph, .graphs: break
    case .reference(let name): hash.combine(name)
    case .opaque:
      hash.combine(Int(kind ?? 0))
      for field in extras { field.bytes.withUnsafeBytes { hash.combine($0) } }
    }
    return hash
  }
}
