/// Where a value is read.
public enum Use: Hashable, Sendable {
  /// Input number `slot` of a node.
  case input(NodeID, slot: Int)
  /// A subgraph of a node reads the value by name.
  case capture(NodeID)
  /// Output number `index` of the graph.
  case output(index: Int)

  /// The node that reads the value, or nil for a graph output.
  public var node: NodeID? {
    switch self {
    case .input(let node, _), .capture(let node): node
    case .output: nil
    }
  }
}

/// A named tensor of a graph: an input, a weight or what a node produces.
public struct Value: Sendable {
  /// The unique name in the graph.
  public internal(set) var name: String
  /// What is known about its type, declared or inferred.
  public var type: ValueType?
  /// The constant value, for initializers. A weight that is also a graph input keeps its value here
  /// and may be overridden at run time.
  public internal(set) var initializer: Tensor?
  /// Whether it is one of the graph's inputs.
  public internal(set) var isInput = false
  /// The node that produces it.
  public internal(set) var producer: NodeID?
  /// Who reads it, in no particular order.
  public internal(set) var uses: [Use] = []

  /// The tensor type, when known and a tensor.
  public var tensorType: TensorType? { type?.tensor }
}

/// A value as a graph declares it among inputs, outputs or `value_info`.
public struct ValueInfo: Sendable {
  /// The value.
  public var value: ValueID
  /// The declared type.
  public var type: ValueType?
  /// The `TypeProto` as encoded in the file. It is written back while `type` has not changed.
  public var encodedType: EncodedType?
  /// `ValueInfoProto.doc_string`.
  public var docString: String?
  /// `ValueInfoProto.metadata_props`.
  public var metadata: [MetadataEntry] = []
  /// Fields kept as encoded.
  public var extras: [RawField] = []

  /// The bytes of a `TypeProto` and what they were decoded to.
  public struct EncodedType: Sendable {
    /// What the bytes say.
    public let type: ValueType?
    /// The message, as encoded.
    public let bytes: [UInt8]

    /// Pairs a decoded type with its encoding.
    public init(type: ValueType?, bytes: [UInt8]) {
      self.type = type
      self.bytes = bytes
    }
  }

  /// Declares `value` with a type.
  public init(_ value: ValueID, type: ValueType?) {
    self.value = value
    self.type = type
  }
}
