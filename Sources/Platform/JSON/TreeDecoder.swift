/// Reads a value from a place in a document.
struct TreeDecoder: Decoder {
  let tree: JSONTree
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ tree: JSONTree, _ codingPath: [any CodingKey]) {
    self.tree = tree
    self.codingPath = codingPath
  }

  /// The value here.
  func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
    guard let kind = type as? any JSONLeaf.Type else { return try Value(from: self) }
    guard let value = kind.init(leaf: tree) as? Value else { throw mismatch(type) }
    return value
  }

  private func mismatch(_ type: Any.Type) -> DecodingError {
    let context = DecodingError.Context(
      codingPath: codingPath, debugDescription: "expected \(type)")
    return tree == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
  }

  func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = tree else { throw mismatch([String: Any].self) }
    return KeyedDecodingContainer(KeyedReader(members: members, codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let items) = tree else { throw mismatch([Any].self) }
    return ListReader(items: items, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { SingleReader(decoder: self) }
}

private struct SingleReader: SingleValueDecodingContainer {
  let decoder: TreeDecoder
  var codingPath: [any CodingKey] { decoder.codingPath }

  func decodeNil() -> Bool { decoder.tree == .null }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.value(type) }
}

private struct ListReader: UnkeyedDecodingContainer {
  let items: [JSONTree]
  let codingPath: [any CodingKey]
  private(set) var currentIndex = 0

  init(items: [JSONTree], codingPath: [any CodingKey]) {
    self.items = items
    self.codingPath = codingPath
  }

  var count: Int? { items.count }
  var isAtEnd: Bool { currentIndex >= items.count }

  /// The item whose turn it is.
  private func next(_ type: Any.Type) throws -> TreeDecoder {
    let path = codingPath + [TreeKey(currentIndex)]
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        type, .init(codingPath: path, debugDescription: "the list ends"))
    }
    return TreeDecoder(items[currentIndex], path)
  }

  mutating func decodeNil() throws -> Bool {
    guard try next(Never.self).tree == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let value = try next(type).value(type)
    currentIndex += 1
    return value
  }

  mutating func nestedContainer<Nested>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    let container = try next(type).container(keyedBy: type)
    currentIndex += 1
    return container
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let container = try next([Any].self).unkeyedContainer()
    currentIndex += 1
    return container
  }

  mutating func superDecoder() throws -> any Decoder {
    let decoder = try next((any Decoder).self)
    currentIndex += 1
    return decoder
  }
}

private struct KeyedReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let members: [String: JSONTree]
  let codingPath: [any CodingKey]

  var allKeys: [Key] { members.keys.compactMap { Key(stringValue: $0) } }
  func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

  private func place(_ key: any CodingKey) throws -> TreeDecoder {
    guard let tree = members[key.stringValue] else {
      throw DecodingError.keyNotFound(
        key, .init(codingPath: codingPath, debugDescription: "there is no \(key.stringValue)"))
    }
    return TreeDecoder(tree, codingPath + [key])
  }

  func decodeNil(forKey key: Key) throws -> Bool { try place(key).tree == .null }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try place(key).value(type)
  }

  func nestedContainer<Nested>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { try place(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try place(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { try place(TreeKey.ancestor) }
  func superDecoder(forKey key: Key) throws -> any Decoder { try place(key) }
}
