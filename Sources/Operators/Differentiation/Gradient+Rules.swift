import IR

extension Gradient {
  /// The rule of a function of one element: the cotangent `g` of its result `y` times the
  /// derivative at `x`.
  package static func elementwise(
    _ rule: @escaping @Sendable (_ g: Term, _ x: Term, _ y: Term) -> Term
  ) -> Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0), y = try call.output(0)
      if let fused = call.slope(at: x, g) { return [fused] }
      return [rule(g, x, y)]
    }
  }

  /// The same for a function whose derivative can be told from its result, so that the operand need
  /// not be kept: the step that makes it can go on to the result at once.
  package static func elementwiseOfResult(
    _ rule: @escaping @Sendable (_ g: Term, _ y: Term) -> Term
  ) -> Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), y = try call.output(0)
      if let fused = call.slope(at: y, g) { return [fused] }
      return [rule(g, y)]
    }
  }

  /// The rule of a function of two elements with broadcasting; cotangents are summed over the axes
  /// along which an operand was repeated.
  package static func pairwise(
    _ rule: @escaping @Sendable (_ g: Term, _ a: Term, _ b: Term, _ y: Term) -> (Term, Term)
  ) -> Gradient {
    .rule { call throws(ModelError) in
      let found = rule(
        try call.cotangent(0), try call.input(0), try call.input(1), try call.output(0))
      return [try call.summed(found.0, like: 0), try call.summed(found.1, like: 1)]
    }
  }

  /// The rule of an operator that only gives the elements another shape.
  package static var reshaped: Gradient {
    .rule { call throws(ModelError) in
      [try call.cotangent(0).reshaped(like: call.input(0))]
    }
  }

  /// The rule of an operator that only moves elements of input 0, repeats or leaves some out: it runs
  /// once more on the elements' places, which tell where each cotangent belongs.
  package static var moved: Gradient {
    .rule { call throws(ModelError) in [try call.movedBack()] }
  }

  /// The rule of an operator that gives on input 0 unchanged.
  package static var passing: Gradient {
    .rule { call throws(ModelError) in [try call.cotangent(0)] }
  }
}
