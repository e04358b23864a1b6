package import IR

/// A value of a graph that is being built, and what is known of its type. Arithmetic on terms appends
/// nodes.
package struct Term {
  package let builder: GraphBuilder
  package let id: ValueID
  package let type: TensorType

  package init(_ builder: GraphBuilder, _ id: ValueID, _ type: TensorType) {
    self.builder = builder
    self.id = id
    self.type = type
  }

  /// The same value with more known of its type.
  package func typed(as type: TensorType) -> Term { Term(builder, id, type) }

  /// A number of the term's own element type.
  package func number(_ value: Double) -> Term { builder.number(value, type.elementType) }

  package func apply(
    _ op: any Operator.Type, _ others: [Term?] = [], _ attributes: [Attribute] = [],
    as type: TensorType? = nil
  ) -> Term {
    let inputs = [id] + others.map { $0?.id }
    return Term(builder, builder.node(op.schema.op, inputs, attributes), type ?? self.type)
  }
}

extension Term {
  func pair(_ op: any Operator.Type, _ other: Term) -> Term {
    apply(op, [other], as: joined(with: other))
  }

  /// The type of an operation on pairs of elements.
  func joined(with other: Term) -> TensorType {
    guard let a = type.shape, let b = other.type.shape else {
      return TensorType(type.elementType, nil)
    }
    let rank = max(a.rank, b.rank)
    let lengths = (0..<rank).map { axis -> Dimension in
      let x = axis - (rank - a.rank), y = axis - (rank - b.rank)
      return Dimension.broadcast(x < 0 ? 1 : a[x], y < 0 ? 1 : b[y]) ?? .unknown
    }
    return TensorType(type.elementType, Shape(lengths))
  }

  package static func + (a: Term, b: Term) -> Term { a.pair(Add.self, b) }
  package static func - (a: Term, b: Term) -> Term { a.pair(Sub.self, b) }
  package static func * (a: Term, b: Term) -> Term { a.pair(Mul.self, b) }
  package static func / (a: Term, b: Term) -> Term { a.pair(Div.self, b) }
  package static func + (a: Term, b: Double) -> Term { a + a.number(b) }
  package static func + (a: Double, b: Term) -> Term { b + b.number(a) }
  package static func - (a: Term, b: Double) -> Term { a - a.number(b) }
  package static func - (a: Double, b: Term) -> Term { b.number(a) - b }
  package static func * (a: Term, b: Double) -> Term { b == 1 ? a : a * a.number(b) }
  package static func / (a: Term, b: Double) -> Term { b == 1 ? a : a / a.number(b) }
  package static func / (a: Double, b: Term) -> Term { b.number(a) / b }
  package static prefix func - (a: Term) -> Term { a.apply(Neg.self) }
}
