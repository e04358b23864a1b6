package import IR

/// Shapes, sums over axes and moves.
extension Term {
  /// The lengths as a vector of integers.
  package var lengths: Term {
    if let known = type.shape?.known { return builder.integers(known) }
    return apply(
      ShapeOf.self, as: TensorType(.int64, Shape([type.shape.map { .known($0.rank) } ?? .unknown])))
  }

  /// The length of an axis as a number of the term's element type.
  package func length(_ axis: Int) -> Term {
    lengths.apply(Gather.self, [builder.integers([axis])], as: TensorType(.int64, [1]))
      .cast(to: type.elementType)
  }

  /// The logarithm of `eˣ / Σeˣ` along an axis.
  package func logSoftmax(_ axis: Int) -> Term {
    apply(LogSoftmax.self, [], [Attribute("axis", .int(axis))])
  }

  /// The elements under the shape of another term.
  package func reshaped(like other: Term) -> Term {
    if let shape = type.shape, shape == other.type.shape, !shape.dimensions.contains(.unknown) {
      return self
    }
    return apply(Reshape.self, [other.lengths], as: TensorType(type.elementType, other.type.shape))
  }

  /// The elements under another shape, of which one length may be -1 and 0 copies.
  package func reshaped(_ lengths: [Int]) -> Term {
    let shape = Shape(lengths.map { $0 > 0 ? .known($0) : .unknown })
    return apply(
      Reshape.self, [builder.integers(lengths)], as: TensorType(type.elementType, shape))
  }

  /// Repeated to the shape of another term.
  package func expanded(like other: Term) -> Term {
    apply(Expand.self, [other.lengths], as: TensorType(type.elementType, other.type.shape))
  }

  /// The axes in another order.
  package func transposed(_ order: [Int]) -> Term {
    guard order != Array(order.indices) else { return self }
    let shape = type.shape.map { shape in Shape(order.map { shape[$0] }) }
    return apply(
      Transpose.self, [], [Attribute("perm", .ints(order))],
      as: TensorType(type.elementType, shape))
  }

  /// The last two axes exchanged.
  package func matrixTransposed(rank: Int) -> Term {
    transposed(Array(0..<rank - 2) + [rank - 1, rank - 2])
  }

  /// The sum over axes, which must not be negative.
  package func sum(_ axes: [Int], keepsAxes: Bool = true) -> Term {
    reduced(ReduceSum.self, axes, keepsAxes: keepsAxes, axesAreInput: builder.opset >= 13)
  }

  /// The mean over axes, which must not be negative.
  package func mean(_ axes: [Int], keepsAxes: Bool = true) -> Term {
    reduced(ReduceMean.self, axes, keepsAxes: keepsAxes, axesAreInput: builder.opset >= 18)
  }

  private func reduced(
    _ op: any Operator.Type, _ axes: [Int], keepsAxes: Bool, axesAreInput: Bool
  ) -> Term {
    guard !axes.isEmpty else { return self }
    let shape = type.shape.map { shape in
      Shape(
        shape.dimensions.indices.compactMap { axis in
          axes.contains(axis) ? (keepsAxes ? 1 : nil) : shape[axis]
        })
    }
    let keeps = Attribute("keepdims", .int(keepsAxes ? 1 : 0))
    let type = TensorType(type.elementType, shape)
    return axesAreInput
      ? apply(op, [builder.integers(axes)], [keeps], as: type)
      : apply(op, [], [Attribute("axes", .ints(axes)), keeps], as: type)
  }

  /// Axes of length 1 put in at places of the result.
  package func unsqueezed(_ axes: [Int]) -> Term {
    guard !axes.isEmpty else { return self }
    let shape = type.shape.map { shape in
      var rest = shape.dimensions[...]
      return Shape(
        (0..<shape.rank + axes.count).map { axes.contains($0) ? 1 : rest.popFirst() ?? 1 })
    }
    let type = TensorType(type.elementType, shape)
    return builder.opset >= 13
      ? apply(Unsqueeze.self, [builder.integers(axes)], as: type)
      : apply(Unsqueeze.self, [], [Attribute("axes", .ints(axes))], as: type)
  }

  /// A product of matrices, with broadcasting of what lies before them.
  package func times(_ other: Term) -> Term {
    apply(MatMul.self, [other], as: TensorType(type.elementType, nil))
  }

  /// `alpha·A'·B'` of matrices.
  package func product(
    _ other: Term, alpha: Double = 1, transposed: (a: Bool, b: Bool), as type: TensorType
  ) -> Term {
    apply(
      Gemm.self, [other, builder.opset < 11 ? number(0) : nil],
      [
        Attribute("alpha", .float(Float(alpha))), Attribute("transA", .int(transposed.a ? 1 : 0)),
        Attribute("transB", .int(transposed.b ? 1 : 0)),
      ], as: type)
  }

  /// The sum over the axes along which a term of another shape is repeated to give this one's.
  package func summed(like other: Term) -> Term {
    guard let from = type.shape, let to = other.type.shape, from.rank >= to.rank else {
      return summedAtRun(like: other)
    }
    let added = from.rank - to.rank
    var axes = Array(0..<added)
    for axis in to.dimensions.indices {
      let given = from[axis + added], wanted = to[axis]
      if wanted == .known(1) {
        if given != .known(1) { axes.append(axis + added) }
      } else if given != wanted || given == .unknown {
        return summedAtRun(like: other)
      }
    }
    let sum = sum(axes)
    return added == 0
      ? sum.typed(as: other.type) : sum.reshaped(like: other).typed(as: other.type)
  }

  private func summedAtRun(like other: Term) -> Term {
    Term(builder, builder.node(Inner.sumLike, [id, other.id]), other.type)
  }
}
