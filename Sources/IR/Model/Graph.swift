/// A computation: nodes in topological order over named values.
///
/// A value type: copying a graph copies tables of handles, never weights, so a pass can work on a
/// copy and drop it. Nodes and values are addressed by identifiers that stay valid across edits.
/// Edits go through the methods in `Graph+Edit.swift`, which keep producers and uses right.
public struct Graph: Sendable {
  /// `GraphProto.name`.
  public var name: String?
  /// `GraphProto.doc_string`.
  public var docString: String?
  /// `GraphProto.metadata_props`.
  public var metadata: [MetadataEntry] = []
  /// The graph's inputs, in order. Part of the model's contract.
  public internal(set) var inputs: [ValueInfo] = []
  /// The graph's outputs, in order. Part of the model's contract.
  public internal(set) var outputs: [ValueInfo] = []
  /// Types declared for other values (`value_info`), in order.
  public var valueInfos: [ValueInfo] = []
  /// The values that are initializers, in order.
  public internal(set) var initializers: [ValueID] = []
  /// `GraphProto.quantization_annotation`.
  public var quantizationAnnotations: [QuantizationAnnotation] = []
  /// Fields kept as encoded, sparse initializers among them.
  public var extras: [RawField] = []
  /// Values that are sparse initializers, which `extras` holds as encoded.
  public var sparseInitializers: [ValueID] = []
  /// What sparse initializers say; it is not written.
  public var sparseValues: [ValueID: SparseTensor] = [:]

  /// Whether initializers are constants although they are inputs too, as before IR version 4, which
  /// asked for every initializer to be declared as an input.
  public var initializersAreConstant = false
  /// Whether initializers of inputs count as constants although a caller may override them, for a
  /// pass that was told that nobody does. No part of the model.
  package var defaultsAreConstant = false

  @usableFromInline package internal(set) var nodeTable: [Node?] = []
  @usableFromInline package internal(set) var valueTable: [Value] = []
  package internal(set) var order: [NodeID] = []
  package internal(set) var valueByName: [String: ValueID] = [:]
  /// Nodes that hold subgraphs, or once did.
  internal var holders: Set<NodeID> = []
  /// The number to try next for a name after a stem.
  internal var freshNumbers: [String: Int] = [:]

  /// An empty graph.
  public init(name: String? = nil) { self.name = name }

  /// The living nodes, in execution order.
  public var nodeIDs: [NodeID] { order.filter { nodeTable[$0.index] != nil } }

  /// The number of living nodes.
  public var nodeCount: Int { order.reduce(0) { $0 + (nodeTable[$1.index] == nil ? 0 : 1) } }

  /// The number of values ever added, for tables indexed by value.
  package var valueCount: Int { valueTable.count }

  /// Every value, read or not.
  public var valueIDs: [ValueID] { valueTable.indices.map { ValueID($0) } }

  /// Whether the node has not been removed.
  public func contains(_ id: NodeID) -> Bool {
    nodeTable.indices.contains(id.index) && nodeTable[id.index] != nil
  }

  /// The living node with this identifier. Its inputs and outputs change through `Graph` only.
  public subscript(id: NodeID) -> Node {
    @inlinable get { nodeTable[id.index]! }
    set {
      precondition(
        newValue.inputs == nodeTable[id.index]!.inputs
          && newValue.outputs == nodeTable[id.index]!.outputs)
      nodeTable[id.index] = newValue
    }
  }

  /// The value with this identifier.
  @inlinable public subscript(id: ValueID) -> Value { valueTable[id.index] }

  /// Whether the graph, or an earlier state of it, has had the value.
  public func contains(_ id: ValueID) -> Bool { valueTable.indices.contains(id.index) }

  /// The value called `name`.
  public func value(named name: String) -> ValueID? { valueByName[name] }
}

/// Names of the tensors that hold quantization parameters of a value (`TensorAnnotation`).
public struct QuantizationAnnotation: Sendable {
  /// The value's name.
  public var tensorName: String?
  /// Pairs of a parameter's kind, such as `SCALE_TENSOR`, and the tensor that holds it.
  public var parameters: [MetadataEntry]
  /// Fields kept as encoded.
  public var extras: [RawField]

  /// Makes an annotation.
  public init(tensorName: String?, parameters: [MetadataEntry], extras: [RawField] = []) {
    self.tensorName = tensorName
    self.parameters = parameters
    self.extras = extras
  }
}
