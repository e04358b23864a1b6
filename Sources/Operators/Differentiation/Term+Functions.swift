package import IR

/// Functions of one element, comparisons and conversions.
extension Term {
  package var exp: Term { apply(Exp.self) }
  package var log: Term { apply(Log.self) }
  package var sqrt: Term { apply(Sqrt.self) }
  package var sin: Term { apply(Sin.self) }
  package var cos: Term { apply(Cos.self) }
  package var sinh: Term { apply(Sinh.self) }
  package var cosh: Term { apply(Cosh.self) }
  package var tanh: Term { apply(Tanh.self) }
  package var sigmoid: Term { apply(Sigmoid.self) }
  package var erf: Term { apply(Erf.self) }
  package var abs: Term { apply(Abs.self) }
  package var sign: Term { apply(Sign.self) }
  package var softplus: Term { apply(Softplus.self) }
  package var squared: Term { self * self }
  package func power(_ exponent: Term) -> Term { pair(Pow.self, exponent) }

  private func compared(_ op: any Operator.Type, _ other: Term) -> Term {
    apply(op, [other], as: TensorType(.bool, joined(with: other).shape))
  }

  package func isBelow(_ other: Term) -> Term { compared(Less.self, other) }
  package func isBelow(_ bound: Double) -> Term { isBelow(number(bound)) }
  package func isAbove(_ other: Term) -> Term { compared(Greater.self, other) }
  package func isAbove(_ bound: Double) -> Term { isAbove(number(bound)) }
  package var negated: Term { apply(Not.self) }
  package func and(_ other: Term) -> Term { compared(And.self, other) }

  /// `a` where this is true, else `b`.
  package func select(_ a: Term, _ b: Term) -> Term { apply(Where.self, [a, b], as: a.type) }
  /// `a` where this is true, else 0.
  package func select(_ a: Term) -> Term { select(a, a.number(0)) }
  /// 0 where this is true, else `a`.
  package func reject(_ a: Term) -> Term {
    apply(Where.self, [a.number(0), a], as: a.type)
  }

  package func cast(to element: ElementType) -> Term {
    guard element != type.elementType else { return self }
    return apply(
      Cast.self, [], [Attribute("to", .int(Int(element.rawValue)))],
      as: TensorType(element, type.shape))
  }
}
