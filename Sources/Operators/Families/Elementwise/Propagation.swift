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
    guard !operands.isEmpty, operands.count == indices.count else { return nil }
    let count = operands.first { $0.count != 1 }?.count ?? 1
    guard operands.allSatisfy({ $0.count == count || $0.count == 1 }) else { return nil }
    return (0..<count).map { position in
      combine(operands.map { $0.count == 1 ? $0[0] : $0[position] })
    }
  }
}

extension BinaryFunction {
  /// The same function on lengths of axes, where it has a meaning there for elements of a type.
  package func onDimensions(_ type: ElementType) -> ((Dimension, Dimension) -> Dimension)? {
    switch self {
    case .add: { $0 + $1 }
    case .subtract: { $0 - $1 }
    case .multiply: { $0 * $1 }
    case .divide: type.isFloatingPoint ? { $0.divided(by: $1) } : { quotient($0, $1) }
    case .modulo: type.isFloatingPoint ? nil : { modulus($0, $1) }
    case .maximum: { Dimension.maximum($0, $1) }
    case .minimum: { Dimension.minimum($0, $1) }
    default: nil
    }
  }
}

extension UnaryFunction {
  /// The same function on lengths of axes, where it has a meaning there.
  package var onDimensions: ((Dimension) -> Dimension)? {
    switch self {
    case .negate: { .known(0) - $0 }
    case .abs: { $0.isNonNegative ? $0 : .maximum($0, .known(0) - $0) }
    case .relu: { .maximum($0, .known(0)) }
    case .floor: { $0.floorDivided(by: .known(1)) }
    case .ceil: { $0.ceilDivided(by: .known(1)) }
    case .not: { $0.value.map { .known($0 == 0 ? 1 : 0) } ?? .unknown }
    default: nil
    }
  }
}

/// The remainder of a division by a positive number; it has the divisor's sign, as ONNX's Mod gives.
private func modulus(_ a: Dimension, _ b: Dimension) -> Dimension {
  guard b.isNonNegative, b != .known(0), a.isNonNegative || b.value != nil else { return .unknown }
  return a - b * a.floorDivided(by: b)
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
    guard a != .unknown, b != .unknown else { return .unknown }
    // Named lengths are at least 1, which settles some comparisons.
    let isBelow = (b - a - 1).isNonNegative, isAbove = (a - b - 1).isNonNegative
    switch self {
    case .equal: return a == b ? .known(1) : isBelow || isAbove ? .known(0) : .unknown
    case .less: return isBelow ? .known(1) : (a - b).isNonNegative ? .known(0) : .unknown
    case .greater: return isAbove ? .known(1) : (b - a).isNonNegative ? .known(0) : .unknown
    case .lessOrEqual: return (b - a).isNonNegative ? .known(1) : isAbove ? .known(0) : .unknown
    case .greaterOrEqual: return (a - b).isNonNegative ? .known(1) : isBelow ? .known(0) : .unknown
    case .and, .or, .xor: return .unknown
    }
  }
}

extension Dimension {
  /// A number as a fraction with a small power of 2 below; unknown when it is none.
  package init(fraction value: Double) {
    let steps = 1 << 10
    let scaled = value * Double(steps)
    guard scaled.rounded() == scaled, abs(scaled) < Double(1 << 52) else {
      self = .unknown
      return
    }
    self = Dimension.known(Int(scaled)).divided(by: .known(steps))
  }
}
