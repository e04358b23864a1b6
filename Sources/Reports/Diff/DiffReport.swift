/// One difference between two models.
public struct DiffHunk: Hashable, Sendable {
  /// What kind of difference it is.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// Operator sets that the nodes mean.
    case opset
    /// Inputs and outputs of the main graph: their number, order, names, element types and shapes.
    case io
    /// A node of the second model that the first has not.
    case inserted
    /// A node of the first model that the second has not.
    case removed
    /// An operand that comes from elsewhere.
    case rewired
    /// An attribute's value.
    case attribute
    /// The element type of a constant or of a declared result.
    case elementType = "element-type"
    /// The shape of a constant or of a declared result.
    case shape
    /// The elements of a constant.
    case weight
    /// Channels of a layer that are gone, new or in another order.
    case channels
    /// Numbers of a layer that stand for others by scales and zero-points in one model only.
    case quantized
    /// Nodes that went into the weights of a layer, or came out of them.
    case folded
    /// Nodes in another order, or operands of a commutative operator.
    case moved
    /// A name.
    case renamed
    /// Documentation, producer, versions and other texts that do not change results.
    case metadata
  }

  /// The kind.
  public var kind: Kind
  /// Labels of the nodes whose subgraphs hold the place, from the outside in.
  public var path: [String]
  /// The thing in the first model; nil when it is only in the second.
  public var a: String?
  /// The thing in the second model; nil when it is only in the first.
  public var b: String?
  /// What changed.
  public var change: Change
  /// The layer whose node the place is, as the first model calls it, or the second where it is only
  /// there; nil for what is no layer's.
  public internal(set) var layer: String?
  /// The node in the first model; nil for what is at none.
  public internal(set) var siteA: Site?
  /// The node in the second model.
  public internal(set) var siteB: Site?
  /// Why the difference does not count; nil where it does, as far as its kind does.
  public internal(set) var allowance: String?

  /// A node, and where at it.
  public struct Site: Hashable, Sendable {
    /// The operator.
    public let `operator`: String
    /// The node's name, empty where it has none.
    public let node: String
    /// The name of its first output.
    public let output: String
    /// `input_1` or `output_0`; nil for the node itself.
    public let port: String?

    /// For programs.
    var json: JSONValue {
      .object([
        "operator": .string(self.operator), "node": .string(node), "output": .string(output),
        "port": .string(port),
      ])
    }
  }

  init(
    kind: Kind, path: [String], a: String? = nil, b: String? = nil, change: Change,
    layer: String? = nil
  ) {
    self.kind = kind
    self.path = path
    self.a = a
    self.b = b
    self.change = change
    self.layer = layer
  }
}

/// The differences between two models.
public struct DiffReport: Sendable {
  /// What the first model is called.
  public var nameA = "a"
  /// What the second model is called.
  public var nameB = "b"
  /// The differences: those of the model first, then those of its graph in execution order.
  public internal(set) var hunks: [DiffHunk] = []
  /// Nodes that have a counterpart, subgraphs and functions included.
  public internal(set) var matchedNodes = 0
  /// The layers of the first model: nodes with a weight of their own.
  public internal(set) var layerCount = 0
  /// Layers of the first model that have a counterpart.
  public internal(set) var matchedLayers = 0
  /// Whether the models were compared by layers, with quantization taken out and folded weights.
  package internal(set) var isByLayer = false
  /// What was not compared, as its place is not here, in words.
  package var notCompared: String?
  /// The kinds that make the models differ.
  public let failOn: Set<DiffHunk.Kind>

  init(failOn: Set<DiffHunk.Kind>) { self.failOn = failOn }

  /// Whether there is a difference of a kind that counts.
  public var differs: Bool { hunks.contains(where: counts) }

  /// Whether a difference makes the models differ.
  public func counts(_ hunk: DiffHunk) -> Bool {
    hunk.allowance == nil && failOn.contains(hunk.kind)
  }

  /// The differences of a kind.
  public func hunks(of kind: DiffHunk.Kind) -> [DiffHunk] { hunks.filter { $0.kind == kind } }

  /// The differences that count.
  public var failing: [DiffHunk] { hunks.filter(counts) }
}
