package import IR

/// What is known statically about one input of a node.
package struct Operand: Sendable {
  /// The value's name, for messages.
  package var name: String
  /// The type as far as known; nil when nothing is.
  package var valueType: ValueType?
  /// The value itself, for constants.
  package var constant: Tensor?
  /// The elements of a small integer tensor, as expressions over symbolic dimensions.
  package var data: [Dimension]?

  package init(name: String, type: TensorType, constant: Tensor? = nil, data: [Dimension]? = nil) {
    self.init(
      name: name, valueType: type == .unknown ? nil : .tensor(type), constant: constant, data: data)
  }

  package init(
    name: String, valueType: ValueType?, constant: Tensor? = nil, data: [Dimension]? = nil
  ) {
    self.name = name
    self.valueType = valueType
    self.constant = constant
    self.data = data
  }

  /// The type of a tensor as far as known; unknown for other values.
  package var type: TensorType {
    get { valueType?.tensor ?? .unknown }
    set { valueType = .tensor(newValue) }
  }
}

/// What is known statically about the inputs of one node.
package struct Inputs: Sendable {
  /// How messages name the node.
  package let label: String
  package let operands: [Operand?]
  /// Infers types inside the bodies that the operator runs; nil where nobody looks into them.
  package let bodies: (any BodyInference)?
  /// Collects what must hold between lengths; nil where nobody asks.
  package let relations: LengthRelations?

  package init(
    label: String, _ operands: [Operand?], bodies: (any BodyInference)? = nil,
    relations: LengthRelations? = nil
  ) {
    self.label = label
    self.operands = operands
    self.bodies = bodies
    self.relations = relations
  }

  package var count: Int { operands.count }

  /// The operand, nil when it is left out.
  package subscript(index: Int) -> Operand? { operands[safe: index] ?? nil }

  /// The type of an input; unknown when left out.
  package func type(_ index: Int) -> TensorType { self[index]?.type ?? .unknown }

  /// The shape of an input, when its rank is known.
  package func shape(_ index: Int) -> Shape? { self[index]?.type.shape }

  /// The element type of an input; undefined when not known.
  package func elementType(_ index: Int) -> ElementType { type(index).elementType }

  /// The rank of an input, when known.
  package func rank(_ index: Int) -> Int? { shape(index)?.rank }

  /// The integers of a constant input; nil when it is left out or no constant.
  package func integers(_ index: Int) -> [Int]? { self[index]?.constant?.integers }

  /// Tensors with more elements than this are no lengths and are not followed.
  private static let followed = 4096
  /// The same for floats: the arguments of a Resize, not the weights of a layer.
  private static let followedFloats = 64

  /// The elements of a small input as expressions: constant or known by propagation. Those of
  /// floating-point inputs may be fractions.
  package func data(_ index: Int) -> [Dimension]? {
    guard let operand = self[index] else { return nil }
    guard let constant = operand.constant else { return operand.data }
    guard constant.count <= Self.followed else { return nil }
    if let values = constant.integers { return values.map { .known($0) } }
    guard constant.elementType == .float || constant.elementType == .double,
      constant.count <= Self.followedFloats
    else { return nil }
    return constant.doubles?.map { Dimension(fraction: $0) }
  }

  /// An error about an input: `Conv 'c1', input 1 'w': expected …, found …`.
  package func mismatch(_ index: Int, expected: String, found: String) -> ModelError {
    let name = self[index].map { " '\($0.name)'" } ?? ""
    return ModelError(
      .invalid, "\(label), input \(index)\(name): expected \(expected), found \(found)")
  }

  /// Checks the rank of an input, when it is known.
  package func requireRank(_ index: Int, _ ranks: ClosedRange<Int>) throws(ModelError) {
    guard let rank = rank(index), !ranks.contains(rank) else { return }
    let wanted =
      ranks.upperBound == .max
      ? "at least \(ranks.lowerBound)"
      : ranks.count == 1 ? "\(ranks.lowerBound)" : "\(ranks.lowerBound) to \(ranks.upperBound)"
    throw mismatch(index, expected: "rank \(wanted)", found: "\(type(index))")
  }

  /// An axis attribute made non-negative, or nil when the rank of input `index` is not known.
  package func axis(_ axis: Int, of index: Int) throws(ModelError) -> Int? {
    guard let rank = rank(index) else { return nil }
    return try normalizedAxis(axis, rank: rank)
  }

  /// An axis made non-negative for tensors of the given rank.
  package func normalizedAxis(_ axis: Int, rank: Int) throws(ModelError) -> Int {
    guard axis >= -rank, axis < rank else {
      throw ModelError(
        .invalid,
        "\(label), attribute 'axis': expected a value in [-\(rank), \(rank - 1)], found \(axis)")
    }
    return axis < 0 ? axis + rank : axis
  }
}
