/// One field of a protobuf message kept as its encoded bytes, tag included: a field of a newer
/// ONNX release, or one that Lapidary has no use for. It is written back as it was found.
public struct RawField: Hashable, Sendable {
  /// The field's number, which gives its place among the others.
  public let number: Int
  /// Tag and payload, as encoded.
  public let bytes: Storage

  /// Wraps an encoded field.
  public init(number: Int, bytes: Storage) {
    self.number = number
    self.bytes = bytes
  }
}

/// A key and value of `metadata_props` (`StringStringEntryProto`).
public struct MetadataEntry: Hashable, Sendable {
  /// The key; nil when the field is absent from the file.
  public var key: String?
  /// The value; nil when the field is absent from the file.
  public var value: String?
  /// Fields kept as encoded.
  public var extras: [RawField]

  /// Makes an entry.
  public init(key: String?, value: String?, extras: [RawField] = []) {
    self.key = key
    self.value = value
    self.extras = extras
  }
}
