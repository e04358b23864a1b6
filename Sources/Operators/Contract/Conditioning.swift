package import Kernels

/// How errors of an operator's operands show in its output (Higham, Accuracy and Stability of
/// Numerical Algorithms, chapter 1).
package enum Conditioning: Sendable {
  /// Errors stay as small beside the largest output as they are beside the largest operand.
  case absolute
  /// An element's relative error is about that of the elements that it is made of: moves, products,
  /// roots.
  case relative
  /// Elements of either sign are added up, so that a small sum has the errors of its large terms.
  case summing
  /// An element's error is the relative one of the element that it is made of, so that the smallest
  /// operands count for as much as the largest: logarithms.
  case magnifying
}

extension UnaryFunction {
  package var conditioning: Conditioning {
    switch self {
    case .log: .magnifying
    case .abs, .negate, .sqrt, .reciprocal: .relative
    default: .absolute
    }
  }
}

extension BinaryFunction {
  package var conditioning: Conditioning {
    switch self {
    case .add, .subtract: .summing
    case .multiply, .divide, .power, .maximum, .minimum: .relative
    case .prelu, .modulo, .remainder: .absolute
    }
  }
}

extension ReduceFunction {
  package var conditioning: Conditioning {
    switch self {
    case .sum, .mean: .summing
    // Terms of one sign do not cancel each other.
    case .l1, .l2, .sumSquare, .maximum, .minimum, .product: .relative
    case .logSum: .magnifying
    case .logSumExp: .absolute
    }
  }
}
