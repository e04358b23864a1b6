package import IR

/// Parts of derivatives that several operators share.
extension Term {
  /// The derivative of `x·Φ(x)` at this term, exactly or of the approximation by tanh.
  package func geluSlope(_ tanh: Bool) -> Term {
    guard tanh else {
      let density = (squared * -0.5).exp * (1 / (2 * Double.pi).squareRoot())
      return ((self * 0.5.squareRoot()).erf + 1) * 0.5 + self * density
    }
    let c = (2 / Double.pi).squareRoot()
    let t = ((self + self * squared * 0.044_715) * c).tanh
    let inner = (squared * (3 * 0.044_715) + 1) * (0.5 * c)
    return (t + 1) * 0.5 + self * (1 - t.squared) * inner
  }

  /// The derivative of `x·sigmoid(alpha·x)` at this term.
  package func swishSlope(_ alpha: Double) -> Term {
    let scaled = self * alpha
    let s = scaled.sigmoid
    let inner = scaled * (1 - s)
    return s * (inner + 1)
  }

  /// This cotangent handed out, in equal parts, among the elements where `mask` is true along axes.
  package func shared(among mask: Term, axes: [Int]) -> Term {
    let ones = mask.cast(to: type.elementType)
    return ones * (self / ones.sum(axes))
  }

  /// Parts along an axis, one for each of `terms`, as long as that is.
  package func split(like terms: [Term], axis: Int) throws(ModelError) -> [Term] {
    guard terms.count > 1 else { return [self] }
    let lengths = terms.map { $0.type.shape?.dimensions[safe: axis]?.value }
    let known = lengths.compactMap { $0 }
    let place = Attribute("axis", .int(axis))
    let parts: [ValueID]
    if builder.opset >= 13 {
      let sizes =
        known.count == terms.count
        ? builder.integers(known)
        : builder.joined(
          terms.map { $0.lengths.apply(Gather.self, [builder.integers([axis])], as: nil) }, axis: 0)
      parts = builder.nodes(
        Split.schema.op, [id, sizes.id], [place], outputs: terms.count)
    } else {
      guard known.count == terms.count else {
        throw ModelError(
          .unsupported, "the derivative of a Concat needs lengths that are known before opset 13")
      }
      parts = builder.nodes(
        Split.schema.op, [id], [place, Attribute("split", .ints(known))], outputs: terms.count)
    }
    return zip(parts, terms).map { Term(builder, $0, $1.type) }
  }
}

extension GraphBuilder {
  /// Terms put side by side along an axis.
  package func joined(_ terms: [Term], axis: Int) -> Term {
    guard let first = terms.first else { return integers([]) }
    guard terms.count > 1 else { return first }
    let id = node(Concat.schema.op, terms.map(\.id), [Attribute("axis", .int(axis))])
    return Term(self, id, TensorType(first.type.elementType, nil))
  }
}

extension GradientCall {
  /// How many elements of input 0 go into one of an output.
  package func count(over output: Int) throws(ModelError) -> Term {
    let x = try input(0), y = try self.output(output)
    if let from = x.type.shape?.known, let to = y.type.shape?.known,
      let all = checkedProduct(from), let left = checkedProduct(to), left > 0
    {
      return x.number(Double(all / left))
    }
    func size(_ term: Term) -> Term {
      term.apply(Size.self, as: TensorType(.int64, [])).cast(to: x.type.elementType)
    }
    return size(x) / size(y)
  }
}
