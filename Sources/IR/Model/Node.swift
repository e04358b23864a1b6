/// The address of a node in its graph. It stays valid while the node lives and is never reused.
public struct NodeID: Hashable, Comparable, Sendable {
  @usableFromInline package let index: Int
  package init(_ index: Int) { self.index = index }

  /// Nodes compare in the order in which they were added.
  public static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
}

/// The address of a value in its graph. It stays valid while the graph lives and is never reused.
public struct ValueID: Hashable, Comparable, Sendable {
  @usableFromInline package let index: Int
  package init(_ index: Int) { self.index = index }

  /// Values compare in the order in which they were added.
  public static func < (a: ValueID, b: ValueID) -> Bool { a.index < b.index }
}

/// The full name of an operator: its domain and its type.
public struct OperatorName: Hashable, Sendable {
  /// The domain, `""` for ONNX's own (also written `ai.onnx`).
  public let domain: String
  /// The type, such as `Conv`.
  public let type: String

  /// Names an operator; `ai.onnx` becomes the empty domain.
  public init(_ type: String, domain: String = "") {
    self.type = type
    self.domain = domain == "ai.onnx" ? "" : domain
  }
}

extension OperatorName: CustomStringConvertible {
  /// `Conv`, or `com.microsoft.FusedConv` outside ONNX's own domain.
  public var description: String { domain.isEmpty ? type : "\(domain).\(type)" }
}

/// One operation of a graph.
///
/// Inputs and outputs are changed through `Graph`, which keeps track of who uses which value.
public struct Node: Sendable {
  /// The node's name; nil when the file has none.
  public var name: String?
  /// The operator's type, such as `Conv`.
  public var type: String
  /// The operator's domain as in the file; nil when absent, which means ONNX's own.
  public var domain: String?
  /// The values read, nil where an optional input is left out.
  public internal(set) var inputs: [ValueID?]
  /// The values produced, nil where an optional output is left out.
  public internal(set) var outputs: [ValueID?]
  /// The attributes, in the file's order.
  public var attributes: [Attribute]
  /// Values of this graph that the node's subgraphs read by name.
  public internal(set) var captures: [ValueID] = []
  /// Which overload of a model-local function is called.
  public var overload: String?
  /// `NodeProto.doc_string`.
  public var docString: String?
  /// `NodeProto.metadata_props`.
  public var metadata: [MetadataEntry] = []
  /// Fields kept as encoded.
  public var extras: [RawField] = []

  /// Makes a node; `Graph.add` puts it into a graph.
  public init(
    _ type: String, domain: String? = nil, name: String? = nil, inputs: [ValueID?],
    outputs: [ValueID?], attributes: [Attribute] = []
  ) {
    self.type = type
    self.domain = domain
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
  }

  /// The same node over values of another graph.
  package func relocated(inputs: [ValueID?], outputs: [ValueID?]) -> Node {
    var copy = self
    copy.inputs = inputs
    copy.outputs = outputs
    copy.captures = []
    return copy
  }

  /// The operator's full name.
  public var op: OperatorName { OperatorName(type, domain: domain ?? "") }

  /// Whether the operator is of ONNX's own domain.
  package var isStandard: Bool {
    guard let domain else { return true }
    return domain.isEmpty || domain == "ai.onnx"
  }

  /// The value of the attribute called `name`.
  public func attribute(_ name: String) -> AttributeValue? {
    attributes.first { $0.name == name }?.value
  }

  /// Sets, adds or (with nil) removes the attribute called `name`.
  public mutating func setAttribute(_ name: String, _ value: AttributeValue?) {
    let index = attributes.firstIndex { $0.name == name }
    switch (index, value) {
    case (let index?, let value?):
      attributes[index].value = value
      attributes[index].kind = value.kind
    case (let index?, nil): attributes.remove(at: index)
    case (nil, let value?): attributes.append(Attribute(name, value))
    case (nil, nil): break
    }
  }

  /// The graphs that the node's attributes hold.
  public var subgraphs: [Graph] { attributes.flatMap(\.value.subgraphs) }
}
