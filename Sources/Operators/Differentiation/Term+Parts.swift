import IR

/// Parts of terms, and places in them.
extension Term {
  /// Axes of length 1 taken out, which must not be negative.
  func squeezed(_ axes: [Int]) -> Term {
    let shape = type.shape.map { shape in
      Shape(shape.dimensions.indices.filter { !axes.contains($0) }.map { shape[$0] })
    }
    let type = TensorType(type.elementType, shape)
    return builder.opset >= 13
      ? apply(Squeeze.self, [builder.integers(axes)], as: type)
      : apply(Squeeze.self, [], [Attribute("axes", .ints(axes))], as: type)
  }

  /// Parts of these lengths along an axis.
  func parts(_ lengths: [Int], axis: Int) -> [Term] {
    guard lengths.count > 1 else { return [self] }
    let place = Attribute("axis", .int(axis))
    let made =
      builder.opset >= 13
      ? builder.nodes(
        Split.schema.op, [id, builder.integers(lengths).id], [place], outputs: lengths.count)
      : builder.nodes(
        Split.schema.op, [id], [place, Attribute("split", .ints(lengths))], outputs: lengths.count)
    return zip(made, lengths).map { part, length in
      var type = type
      type.shape?[axis] = .known(length)
      return Term(builder, part, type)
    }
  }

  /// The elements from one place to another along an axis; negative places count from the end.
  func slice(from start: Int, to end: Int, axis: Int) -> Term {
    let type = TensorType(type.elementType, nil)
    return builder.opset >= 10
      ? apply(
        Slice.self,
        [builder.integers([start]), builder.integers([end]), builder.integers([axis])], as: type)
      : apply(
        Slice.self, [],
        [
          Attribute("starts", .ints([start])), Attribute("ends", .ints([end])),
          Attribute("axes", .ints([axis])),
        ], as: type)
  }

  /// The length of an axis, as a vector of one integer.
  func extent(_ axis: Int) -> Term {
    if let known = type.shape?.dimensions[safe: axis]?.value { return builder.integers([known]) }
    return lengths.apply(Gather.self, [builder.integers([axis])], as: TensorType(.int64, [1]))
  }

  /// 0, 1, 2, … as many as this integer says.
  var places: Term {
    builder.number(0, .int64).apply(
      RangeOf.self, [reshaped([]), builder.number(1, .int64)],
      as: TensorType(.int64, Shape([.unknown])))
  }

  /// The slices at these places of an axis.
  func gathered(_ indices: Term, axis: Int = 0) -> Term {
    apply(
      Gather.self, [indices], [Attribute("axis", .int(axis))], as: TensorType(type.elementType, nil)
    )
  }

  /// Whether elements are the same.
  func isEqual(_ other: Term) -> Term {
    apply(Equal.self, [other], as: TensorType(.bool, joined(with: other).shape))
  }

  /// `eˣ / Σeˣ` along the last of `rank` axes.
  func softmax(rank: Int) -> Term {
    apply(Softmax.self, [], [Attribute("axis", .int(rank - 1))])
  }

  /// The lowest finite number of the element type.
  var lowest: Term {
    number(type.elementType == .float16 ? -65_504 : -3.38e38)
  }

  /// `[batch, positions, heads · width]` as `[batch, heads, positions, width]`.
  func headsApart(_ heads: Int) -> Term {
    reshaped([0, 0, heads, -1]).transposed([0, 2, 1, 3])
  }

  /// `[batch, heads, positions, width]` as `[batch, positions, heads · width]`.
  var headsBeside: Term {
    transposed([0, 2, 1, 3]).reshaped([0, 0, -1])
  }

  /// The elements with others behind them along an axis.
  func followed(by other: Term, axis: Int) -> Term {
    builder.joined([self, other], axis: axis)
  }
}
