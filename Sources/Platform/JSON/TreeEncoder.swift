/// A place in a document that is being made.
final class EncodingNode {
  private enum Content {
    case nothing
    case leaf(JSONTree)
    case list([EncodingNode])
    case object([String: EncodingNode])
  }

  private var content = Content.nothing

  /// The document from here on; a value that wrote nothing is an empty object.
  var tree: JSONTree {
    switch content {
    case .nothing: .object([:])
    case .leaf(let tree): tree
    case .list(let nodes): .array(nodes.map(\.tree))
    case .object(let nodes): .object(nodes.mapValues(\.tree))
    }
  }

  /// How many items the list here has.
  var count: Int {
    if case .list(let nodes) = content { nodes.count } else { 0 }
  }

  /// Has a value write itself here.
  func take(_ value: some Encodable, _ path: [any CodingKey]) throws {
    guard let leaf = value as? any JSONLeaf else {
      return try value.encode(to: TreeEncoder(node: self, codingPath: path))
    }
    guard let tree = leaf.leaf else {
      throw EncodingError.invalidValue(
        value, .init(codingPath: path, debugDescription: "JSON has no number \(value)"))
    }
    content = .leaf(tree)
  }

  func becomeNull() { content = .leaf(.null) }

  func becomeList() {
    if case .list = content { return }
    content = .list([])
  }

  func becomeObject() {
    if case .object = content { return }
    content = .object([:])
  }

  /// A new item of the list here.
  func append() -> EncodingNode {
    let node = EncodingNode()
    guard case .list(var nodes) = content else { return node }
    content = .nothing
    nodes.append(node)
    content = .list(nodes)
    return node
  }

  /// The place of a key in the object here.
  func member(_ key: String) -> EncodingNode {
    let node = EncodingNode()
    guard case .object(var nodes) = content else { return node }
    content = .nothing
    nodes[key] = node
    content = .object(nodes)
    return node
  }
}

/// Writes a value to a place.
struct TreeEncoder: Encoder {
  let node: EncodingNode
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    node.becomeObject()
    return KeyedEncodingContainer(KeyedWriter(node: node, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    node.becomeList()
    return ListWriter(node: node, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleWriter(node: node, codingPath: codingPath)
  }
}

private struct SingleWriter: SingleValueEncodingContainer {
  let node: EncodingNode
  let codingPath: [any CodingKey]

  func encodeNil() { node.becomeNull() }
  func encode<T: Encodable>(_ value: T) throws { try node.take(value, codingPath) }
}

private struct ListWriter: UnkeyedEncodingContainer {
  let node: EncodingNode
  let codingPath: [any CodingKey]
  var count: Int { node.count }

  private func next() -> TreeEncoder {
    let path = codingPath + [TreeKey(count)]
    return TreeEncoder(node: node.append(), codingPath: path)
  }

  func encodeNil() { next().node.becomeNull() }

  func encode<T: Encodable>(_ value: T) throws {
    let place = next()
    try place.node.take(value, place.codingPath)
  }

  func nestedContainer<Nested>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    next().container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { next().unkeyedContainer() }
  func superEncoder() -> any Encoder { next() }
}

private struct KeyedWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let node: EncodingNode
  let codingPath: [any CodingKey]

  private func place(_ key: any CodingKey) -> TreeEncoder {
    TreeEncoder(node: node.member(key.stringValue), codingPath: codingPath + [key])
  }

  func encodeNil(forKey key: Key) { place(key).node.becomeNull() }

  func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    let place = place(key)
    try place.node.take(value, place.codingPath)
  }

  func nestedContainer<Nested>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { place(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    place(key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { place(TreeKey.ancestor) }
  func superEncoder(forKey key: Key) -> any Encoder { place(key) }
}
