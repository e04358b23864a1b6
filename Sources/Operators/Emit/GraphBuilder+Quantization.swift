import IR

/// Rounding as a part of what learns.
extension Term {
  /// Rounded to integers of the zero-point's type, whose step is 1.
  ///
  /// - Parameters:
  ///   - zeroPoint: one integer, or one for each index of the axis.
  package func roundedToIntegers(zeroPoint: Term, axis: Int?) -> Term {
    let count = zeroPoint.type.shape?.known.flatMap { Tensor.count($0) } ?? 1
    let shape = zeroPoint.type.shape?.known ?? []
    let ones =
      shape.isEmpty
      ? number(1)
      : builder.constant("step", Tensor(floats: [Float](repeating: 1, count: count), shape))
    return apply(
      QuantizeLinear.schema.op, [ones, zeroPoint],
      axis.map { [Attribute("axis", .int($0))] } ?? [],
      as: TensorType(zeroPoint.type.elementType, type.shape))
  }

  /// Clamped between two numbers.
  package func clamped(_ low: Double, _ high: Double) -> Term {
    guard builder.opset < 11 else { return apply(Clip.schema.op, [number(low), number(high)]) }
    return apply(
      Clip.schema.op, [],
      [Attribute("min", .float(Float(low))), Attribute("max", .float(Float(high)))])
  }

  private func apply(
    _ op: OperatorName, _ others: [Term], _ attributes: [Attribute] = [],
    as type: TensorType? = nil
  ) -> Term {
    Term(builder, builder.node(op, [id] + others.map(\.id), attributes), type ?? self.type)
  }
}
