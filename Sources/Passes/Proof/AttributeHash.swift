internal import IR

extension ContentHash {
  /// Takes in attributes, whose order does not matter. Graphs do not count: of nodes that hold some,
  /// the caller has to say more.
  mutating func combine(attributes: [Attribute]) {
    for attribute in attributes.sorted(by: { $0.name < $1.name }) {
      combine(attribute.name)
      combine(attribute.value)
    }
  }

  private mutating func combine(_ value: AttributeValue) {
    combine(Int(value.kind ?? 0))
    switch value {
    case .float(let x): combine(UInt64(x.bitPattern))
    case .int(let x): combine(x)
    case .string(let x): x.withUnsafeBytes { combine($0) }
    case .tensor(let x): combine(x.contentHash)
    case .floats(let list):
      combine(list.count)
      for x in list { combine(UInt64(x.bitPattern)) }
    case .ints(let list):
      combine(list.count)
      for x in list { combine(x) }
    case .strings(let list):
      combine(list.count)
      for x in list { x.withUnsafeBytes { combine($0) } }
    case .tensors(let list):
      combine(list.count)
      for x in list { combine(x.contentHash) }
    case .reference(let name): combine(name)
    case .graph, .graphs, .opaque: break
    }
  }
}
