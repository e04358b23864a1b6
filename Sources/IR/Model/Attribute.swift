/// The value of an attribute, one case for each kind of `AttributeProto`.
public enum AttributeValue: Sendable {
  /// A float.
  case float(Float)
  /// A 64-bit integer.
  case int(Int)
  /// Bytes; ONNX asks for UTF-8 but files hold other bytes too.
  case string([UInt8])
  /// A tensor.
  case tensor(Tensor)
  /// A graph: the body of a control-flow operator.
  indirect case graph(Graph)
  /// A list of floats.
  case floats([Float])
  /// A list of 64-bit integers.
  case ints([Int])
  /// A list of strings, as bytes.
  case strings([[UInt8]])
  /// A list of tensors.
  case tensors([Tensor])
  /// A list of graphs.
  case graphs([Graph])
  /// In a function's body: the value of the function's attribute of this name.
  case reference(String)
  /// A kind that Lapidary has no use for (sparse tensors, types); its fields are in `extras`.
  case opaque
}

/// A named parameter of a node.
public struct Attribute: Sendable {
  /// The attribute's name.
  public var name: String
  /// The value.
  public var value: AttributeValue
  /// ONNX's number of the kind (`AttributeProto.AttributeType`) as found in the file, nil if absent.
  public var kind: Int32?
  /// `AttributeProto.doc_string`.
  public var docString: String?
  /// Whether a list of numbers is packed into one field in the file, as writers of the proto3 kind
  /// do.
  public var isPacked = false
  /// What a sparse tensor says whose bytes are in `extras`; it is not written.
  public var sparseValue: SparseTensor?
  /// What a type says whose bytes are in `extras`; it is not written.
  public var typeValue: ValueType?
  /// Fields kept as encoded.
  public var extras: [RawField]

  /// Makes an attribute.
  public init(_ name: String, _ value: AttributeValue) {
    self.name = name
    self.value = value
    self.kind = value.kind
    self.extras = []
  }

  /// Whether the value is that of an attribute of the function that is called.
  package var isReference: Bool { if case .reference = value { true } else { false } }
}

extension AttributeValue {
  /// ONNX's number of the kind, or nil for references and opaque values, which say their own.
  public var kind: Int32? {
    switch self {
    case .float: 1
    case .int: 2
    case .string: 3
    case .tensor: 4
    case .graph: 5
    case .floats: 6
    case .ints: 7
    case .strings: 8
    case .tensors: 9
    case .graphs: 10
    case .reference, .opaque: nil
    }
  }

  /// The graphs that the attribute holds.
  public var subgraphs: [Graph] {
    switch self {
    case .graph(let graph): [graph]
    case .graphs(let graphs): graphs
    default: []
    }
  }
}
