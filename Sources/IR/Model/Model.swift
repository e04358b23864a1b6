/// A whole ONNX model: its graph and everything else that its file holds.
public struct Model: Sendable {
  /// `ModelProto.ir_version`.
  public var irVersion: Int?
  /// `ModelProto.producer_name`.
  public var producerName: String?
  /// `ModelProto.producer_version`.
  public var producerVersion: String?
  /// `ModelProto.domain`.
  public var domain: String?
  /// `ModelProto.model_version`.
  public var modelVersion: Int?
  /// `ModelProto.doc_string`.
  public var docString: String?
  /// The operator sets that the graph uses.
  public var opsetImports: [OpsetImport]
  /// The main graph.
  public var graph: Graph
  /// Operators that the model defines itself.
  public var functions: [Function] = []
  /// `ModelProto.metadata_props`.
  public var metadata: [MetadataEntry] = []
  /// Fields kept as encoded, training information and device configurations among them.
  public var extras: [RawField] = []
  /// What reading the file had to put right, a line each. No part of the model: it is not written.
  public var readingNotes: [String] = []

  /// Makes a model around a graph.
  public init(graph: Graph, irVersion: Int? = 8, opset: Int = 17) {
    self.graph = graph
    self.irVersion = irVersion
    self.opsetImports = [OpsetImport(domain: nil, version: opset)]
  }

  /// The version of the operator set of `domain` (`""` for ONNX's own), or nil when not imported.
  public func opset(of domain: String = "") -> Int? { opsetImports.version(of: domain) }
}

/// One operator set that a model or function imports (`OperatorSetIdProto`).
public struct OpsetImport: Hashable, Sendable {
  /// The domain; nil when absent from the file, which means ONNX's own.
  public var domain: String?
  /// The version; nil when absent from the file.
  public var version: Int?
  /// Fields kept as encoded.
  public var extras: [RawField]

  /// Makes an import.
  public init(domain: String?, version: Int?, extras: [RawField] = []) {
    self.domain = domain
    self.version = version
    self.extras = extras
  }
}

extension [OpsetImport] {
  /// The version of the operator set of `domain`, or nil when not imported.
  public func version(of domain: String) -> Int? {
    let wanted = OperatorName("", domain: domain).domain
    return first { OperatorName("", domain: $0.domain ?? "").domain == wanted }?.version
  }
}

/// An operator that a model defines by a graph of other operators (`FunctionProto`).
public struct Function: Sendable {
  /// The operator's type.
  public var name: String?
  /// The operator's domain.
  public var domain: String?
  /// Tells functions of one name apart.
  public var overload: String?
  /// `FunctionProto.doc_string`.
  public var docString: String?
  /// Attributes without a default.
  public var attributeNames: [String] = []
  /// Attributes with a default.
  public var attributeDefaults: [Attribute] = []
  /// Operator sets that the body uses.
  public var opsetImports: [OpsetImport] = []
  /// The body; its inputs and outputs have no declared types.
  public var body: Graph
  /// `FunctionProto.metadata_props`.
  public var metadata: [MetadataEntry] = []
  /// Fields kept as encoded.
  public var extras: [RawField] = []

  /// Makes a function around its body.
  public init(body: Graph) { self.body = body }

  /// The operator's full name.
  public var op: OperatorName { OperatorName(name ?? "", domain: domain ?? "") }
}
