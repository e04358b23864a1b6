package import IR
package import Kernels

/// Arithmetic on the elements of small integer tensors, which shapes of later nodes follow from.
extension Inputs {
  /// The elements of an input as expressions, when it is a vector or scalar of at most 1,024.
  package func shapeData(_ index: Int) -> [Dimension]? {
    guard let operand = self[index], (operand.type.shape?.rank ?? 0) <= 1,
      (operand.constant?.count ?? 0) <= 1024
    else { return nil }
    return data(index)
  }

  /// Combines the elements of vectors and scalars position by position; a single element goes with
  /// all. Nil when an input's elements are not known or the lengths differ.
  package func combineData(
    _ indices: [Int], _ combine: ([Dimension]) -> Dimension
  ) -> [Dimension]? {
    let operands = indices.compactMap { shapeData($0) }
    guard operands.count == indices.count else { return nil }
    let count = operands.first { $0.count != 1 }?.count ?? 1
    guard operands.allSatisfy({ $0.count == count || $0.count == 1 }) else { return nil }
    return (0..<count).map { position in
      combine(operands.map { $0.count == 1 ? $0[0] : $0[position] })
    }
  }
}

extension BinaryFunction {
  /// The same function on lengths of axes, where it has a meaning there.
  package var onDimensions: ((Dimension, Dimension) -> Dimension)? {
    switch self {
    case .add: { $0 + $1 }
    case .subtract: { $0 - $1 }
    case .multiply: { $0 * $1 }
    case .divide: { quotient($0, $1) }
    case .maximum: { Dimension.maximum($0, $1) }
    case .minimum: { Dimension.minimum($0, $1) }
    default: nil
    }
  }
}

/// Integer division, which truncates; for lengths, which are not negative, that is the floor.
private func quotient(_ a: Dimension, _ b: Dimension) -> Dimension {
  guard let divisor = b.value else { return a.floorDivided(by: b) }
  guard divisor > 0 else { return .unknown }
  if let value = a.value { return .known(value / divisor) }
  return a.floorDivided(by: b)
}

extension Predicate {
  /// The truth, as 0 or 1, for two elements of which enough is known.
  package func onDimensions(_ a: Dimension, _ b: Dimension) -> Dimension {
    if let x = a.value, let y = b.value {
      let truth =
        switch self {
        case .equal: x == y
        case .less: x < y
        case .lessOrEqual: x <= y
        case .greater: x > y
        case .greaterOrEqual: x >= y
        case .and: x != 0 && y != 0
        case .or: x != 0 || y != 0
        case .xor: (x != 0) != (y != 0)
        }
      return .known(truth ? 1 : 0)
    }
    guard self == .equal, a != .unknown, b != .unknown else { return .unknown }
    if a == b { return .known(1) }
    // A named length is never negative.
    let (named, number) = a.value == nil ? (a, b) : (b, a)
    if named.expression?.symbol != nil, let number = number.value, number < 0 { return .known(0) }
    return .unknown
  }
}
