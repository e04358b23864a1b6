package import IR

extension ValueType {
  /// The type with every shape in it changed.
  package func mappingShapes(_ change: (Shape) -> Shape) -> ValueType {
    mappingTensors { TensorType($0.elementType, $0.shape.map(change)) }
  }

  /// The type with every type of a tensor in it changed.
  private func mappingTensors(_ change: (TensorType) -> TensorType) -> ValueType {
    switch self {
    case .tensor(let type): .tensor(change(type))
    case .sparseTensor(let type): .sparseTensor(change(type))
    case .sequence(let inner): .sequence(inner?.mappingTensors(change))
    case .optional(let inner): .optional(inner?.mappingTensors(change))
    case .map(let key, let value): .map(key: key, value: value?.mappingTensors(change))
    }
  }

  /// What holds when both types do; nil when they contradict each other. Where both say something,
  /// a number goes before this type's expression, and that before the other's.
  package func narrowed(by other: ValueType) -> ValueType? {
    func inner(_ a: ValueType?, _ b: ValueType?) -> ValueType?? {
      guard let a, let b else { return .some(a ?? b) }
      return a.narrowed(by: b).map { .some($0) }
    }
    switch (self, other) {
    case (.tensor(let a), .tensor(let b)): return a.narrowed(by: b).map { .tensor($0) }
    case (.sparseTensor(let a), .sparseTensor(let b)):
      return a.narrowed(by: b).map { .sparseTensor($0) }
    case (.sequence(let a), .sequence(let b)): return inner(a, b).map { .sequence($0) }
    case (.optional(let a), .optional(let b)): return inner(a, b).map { .optional($0) }
    case (.map(let key, let a), .map(let otherKey, let b)) where key == otherKey:
      return inner(a, b).map { .map(key: key, value: $0) }
    default: return nil
    }
  }

  /// Whether a file can declare the type: every element type in it is known.
  package var isDeclarable: Bool {
    switch self {
    case .tensor(let type), .sparseTensor(let type): type.elementType != .undefined
    case .sequence(let inner), .optional(let inner): inner?.isDeclarable ?? false
    case .map(let key, let value): key != .undefined && value?.isDeclarable ?? false
    }
  }

  /// Whether two types differ at most in shapes.
  func hasElements(of other: ValueType) -> Bool {
    mappingTensors { TensorType($0.elementType, nil) }.narrowed(
      by: other.mappingTensors { TensorType($0.elementType, nil) }) != nil
  }

  /// What holds when one of the two types does, such as after a condition; nil when nothing.
  package func widened(to other: ValueType) -> ValueType? {
    switch (self, other) {
    case (.tensor(let a), .tensor(let b)): .tensor(a.widened(to: b))
    case (.sparseTensor(let a), .sparseTensor(let b)): .sparseTensor(a.widened(to: b))
    case (.sequence(let a), .sequence(let b)): .sequence(Self.widened(a, b))
    case (.optional(let a), .optional(let b)): .optional(Self.widened(a, b))
    case (.map(let key, let a), .map(let other, let b)) where key == other:
      .map(key: key, value: Self.widened(a, b))
    default: nil
    }
  }

  private static func widened(_ a: ValueType?, _ b: ValueType?) -> ValueType? {
    guard let a, let b else { return nil }
    return a.widened(to: b)
  }
}

extension TensorType {
  /// What holds when both types do; nil when they contradict each other.
  fileprivate func narrowed(by other: TensorType) -> TensorType? {
    var result = self
    if elementType == .undefined {
      result.elementType = other.elementType
    } else if other.elementType != .undefined, other.elementType != elementType {
      return nil
    }
    guard let known = other.shape else { return result }
    guard let found = shape else {
      result.shape = known
      return result
    }
    guard known.rank == found.rank else { return nil }
    for axis in 0..<known.rank {
      switch (found[axis], known[axis]) {
      case (.known(let a), .known(let b)):
        guard a == b else { return nil }
      case (_, .known), (.unknown, _): result.shape?[axis] = known[axis]
      default: break
      }
    }
    return result
  }

  /// What holds when one of the two types does: lengths that differ are open.
  fileprivate func widened(to other: TensorType) -> TensorType {
    var result = self
    if elementType != other.elementType { result.elementType = .undefined }
    guard let a = shape, let b = other.shape, a.rank == b.rank else {
      result.shape = nil
      return result
    }
    for axis in 0..<a.rank where a[axis] != b[axis] { result.shape?[axis] = .unknown }
    return result
  }
}
