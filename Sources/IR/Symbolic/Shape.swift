/// The lengths of a tensor's axes, outermost first.
public struct Shape: Hashable, Sendable {
  /// One dimension an axis.
  public var dimensions: [Dimension]

  /// Makes a shape from its dimensions.
  public init(_ dimensions: [Dimension]) { self.dimensions = dimensions }

  /// Makes a static shape.
  public init(_ dimensions: [Int]) { self.dimensions = dimensions.map { .known($0) } }

  /// The number of axes.
  public var rank: Int { dimensions.count }

  /// All lengths, when every one is known.
  public var known: [Int]? {
    var values: [Int] = []
    values.reserveCapacity(rank)
    for dimension in dimensions {
      guard let value = dimension.value else { return nil }
      values.append(value)
    }
    return values
  }

  /// The number of elements; unknown when a length is.
  public var elementCount: Dimension { dimensions.reduce(.known(1)) { $0 * $1 } }

  /// The length of an axis, which must exist.
  public subscript(axis: Int) -> Dimension {
    get { dimensions[axis] }
    set { dimensions[axis] = newValue }
  }

  /// The shape with the given symbols replaced by numbers.
  public func substituting(_ bindings: [String: Int]) -> Shape {
    Shape(dimensions.map { $0.substituting(bindings) })
  }
}

extension Shape: CustomStringConvertible {
  /// `[1,3,H,W]`.
  public var description: String {
    "[" + dimensions.map(\.description).joined(separator: ",") + "]"
  }
}

/// What is known statically about a tensor: its element type and, where known, its shape.
public struct TensorType: Hashable, Sendable {
  /// The element type; `undefined` when unknown.
  public var elementType: ElementType
  /// The shape, or nil when not even the rank is known.
  public var shape: Shape?

  /// Makes a type from its parts.
  public init(_ elementType: ElementType, _ shape: Shape?) {
    self.elementType = elementType
    self.shape = shape
  }

  /// Makes the type of a tensor with a static shape.
  public init(_ elementType: ElementType, _ dimensions: [Int]) {
    self.init(elementType, Shape(dimensions))
  }

  /// A type of which nothing is known.
  public static let unknown = TensorType(.undefined, nil)
}

extension TensorType: CustomStringConvertible {
  /// `float[1,3,H,W]`, or `float` when the rank is unknown.
  public var description: String { "\(elementType)\(shape?.description ?? "")" }
}

/// The type of a value: nearly always a tensor.
public indirect enum ValueType: Hashable, Sendable {
  /// A dense tensor.
  case tensor(TensorType)
  /// A sparse tensor.
  case sparseTensor(TensorType)
  /// A sequence of values of one type.
  case sequence(ValueType?)
  /// A value that may be absent.
  case optional(ValueType?)
  /// A map from keys of one type to values of another.
  case map(key: ElementType, value: ValueType?)

  /// The tensor type, when the value is a dense tensor.
  public var tensor: TensorType? { if case .tensor(let type) = self { type } else { nil } }
}

extension ValueType: CustomStringConvertible {
  /// ONNX's text syntax: `float[1,3]`, `seq(float[2])`.
  public var description: String {
    func inner(_ type: ValueType?) -> String { type.map(\.description) ?? "?" }
    switch self {
    case .tensor(let type): return type.description
    case .sparseTensor(let type): return "sparse_tensor(\(type))"
    case .sequence(let element): return "seq(\(inner(element)))"
    case .optional(let element): return "optional(\(inner(element)))"
    case .map(let key, let value): return "map(\(key), \(inner(value)))"
    }
  }
}
