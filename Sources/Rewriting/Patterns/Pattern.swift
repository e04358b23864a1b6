package import IR
package import Kernels
package import Operators

/// A shape of computation to find, from its last node upwards.
package indirect enum Pattern: Sendable {
  /// Any value, bound to a name; the same name stands for the same value throughout.
  case value(String)
  /// A constant of one element near this number.
  case number(Double)
  /// A constant of one element, bound to a name.
  case scalar(String)
  /// A constant of any shape, bound to a name.
  case constant(String)
  /// A node of one of these operators, whose node can be asked for by `name`. Commutative operators
  /// match in both orders.
  case node([String], [Pattern], name: String?)
  /// A node that computes this function of each element, to six digits of its parameters.
  case function(UnaryFunction, Pattern)
  /// Clip, Relu, Min or Max that keeps the value within these bounds.
  case clamp(Double, Double, Pattern)
  /// The first of these that matches.
  case either([Pattern])
  /// The first pattern, and then the second one at the value that the first bound to the name.
  case with(Pattern, String, Pattern)

  /// A node of one operator.
  package static func op(_ kind: String, _ operands: Pattern..., name: String? = nil) -> Pattern {
    .node([kind], operands, name: name)
  }

  /// `value / number`, also spelled as a multiplication.
  package static func quotient(_ value: Pattern, _ number: Double) -> Pattern {
    .either([
      .op("Div", value, .number(number)), .op("Mul", value, .number(1 / number)),
    ])
  }

  /// `value²`, as a power or a product.
  package static func square(_ name: String) -> Pattern { square(.value(name)) }

  /// `value²`, as a power or a product.
  package static func square(_ value: Pattern) -> Pattern {
    .either([.op("Pow", value, .number(2)), .op("Mul", value, value)])
  }

  /// The operators that the last node of the pattern can be; nil for any.
  package var roots: Set<String>? {
    switch self {
    case .value, .number, .scalar, .constant, .function: nil
    case .node(let kinds, _, _): Set(kinds)
    case .clamp: ["Clip", "Relu", "Min", "Max"]
    case .with(let pattern, _, _): pattern.roots
    case .either(let patterns):
      patterns.reduce(Set()) { all, pattern in
        pattern.roots.flatMap { roots in all.map { $0.union(roots) } }
      }
    }
  }
}

/// Where a pattern was found.
package struct Match {
  /// Values by name.
  package var values: [String: ValueID] = [:]
  /// Nodes by name.
  package var named: [String: NodeID] = [:]
  /// All nodes of the pattern, the last one of the computation first.
  package var nodes: [NodeID] = []
  /// The constants of one element that it has used.
  package var scalars: [ValueID] = []
  /// The elements of those that have a name.
  package var numbers: [String: Double] = [:]

  /// The operators of the nodes that have a name.
  package var operators: [String: any Operator] = [:]

  /// The value bound to a name of the pattern.
  package subscript(name: String) -> ValueID? { values[name] }
}
