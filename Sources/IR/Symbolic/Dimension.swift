/// The length of one axis: a number, a symbolic expression, or not known at all.
public enum Dimension: Hashable, Sendable {
  /// A length fixed in the model.
  case known(Int)
  /// A length given by named dimensions, such as `batch` or `floor(H/2 - 1/2) + 1`.
  case symbolic(SymbolicExpression)
  /// Nothing is known about the length.
  case unknown

  /// Known when the expression is constant, else symbolic.
  public init(_ expression: SymbolicExpression) {
    self = expression.constant.map { .known($0) } ?? .symbolic(expression)
  }

  /// A bare named dimension.
  public init(symbol: String) { self = .symbolic(SymbolicExpression(symbol: symbol)) }

  /// The number, when known.
  public var value: Int? { if case .known(let value) = self { value } else { nil } }

  /// The length as an expression, or nil when unknown.
  public var expression: SymbolicExpression? {
    switch self {
    case .known(let value): SymbolicExpression(value)
    case .symbolic(let expression): expression
    case .unknown: nil
    }
  }

  /// Expressions with more names and operations than this are not followed: what grows with every
  /// layer of a network would take ever longer to compare.
  private static let weightLimit = 128

  private static func combine(
    _ a: Self, _ b: Self, _ body: (SymbolicExpression, SymbolicExpression) -> SymbolicExpression?
  ) -> Self {
    guard let x = a.expression, let y = b.expression, let result = body(x, y),
      result.weight <= weightLimit
    else { return .unknown }
    return Self(result)
  }

  /// The sum of two lengths; unknown when either is.
  public static func + (a: Self, b: Self) -> Self {
    if case .known(let x) = a, case .known(let y) = b { return .known(x.clampingAdd(y)) }
    if b == .known(0) { return a }
    return combine(a, b) { $0 + $1 }
  }

  /// The difference of two lengths; unknown when either is.
  public static func - (a: Self, b: Self) -> Self {
    if case .known(let x) = a, case .known(let y) = b {
      return .known(x.clampingAdd(y.clampingMultiply(-1)))
    }
    if b == .known(0) { return a }
    return combine(a, b) { $0 - $1 }
  }

  /// The product of two lengths; 0 when either is 0, else unknown when either is.
  public static func * (a: Self, b: Self) -> Self {
    if case .known(let x) = a, case .known(let y) = b { return .known(x.clampingMultiply(y)) }
    if a == .known(0) || b == .known(0) { return .known(0) }
    if a == .known(1) { return b }
    if b == .known(1) { return a }
    return combine(a, b) { $0 * $1 }
  }

  /// `floor(self / other)`.
  public func floorDivided(by other: Self) -> Self {
    if other == .known(1), expression?.isIntegral ?? true { return self }
    return Self.combine(self, other) { SymbolicExpression.floorDivide($0, by: $1) }
  }

  /// `ceil(self / other)`.
  public func ceilDivided(by other: Self) -> Self {
    Self.known(0) - (Self.known(0) - self).floorDivided(by: other)
  }

  /// The quotient of two numbers that need not be whole, where it is a sum of terms over an
  /// integer; else unknown.
  package func divided(by other: Self) -> Self {
    Self.combine(self, other) { SymbolicExpression.divide($0, by: $1) }
  }

  /// The larger of two lengths.
  public static func maximum(_ a: Self, _ b: Self) -> Self {
    combine(a, b) { SymbolicExpression.maximum($0, $1) }
  }

  /// The smaller of two lengths.
  public static func minimum(_ a: Self, _ b: Self) -> Self {
    combine(a, b) { SymbolicExpression.minimum($0, $1) }
  }

  /// The length of an axis to which axes of two lengths broadcast; nil when they cannot.
  ///
  /// Of two lengths that are not numbers, the larger one: the other must be 1 or the same.
  public static func broadcast(_ a: Self, _ b: Self) -> Self? {
    switch (a, b) {
    case (.known(1), _): return b
    case (_, .known(1)): return a
    case (.known(let x), .known(let y)): return x == y ? a : nil
    case (.known, _): return a
    case (_, .known): return b
    default: return a == b ? a : maximum(a, b)
    }
  }

  /// Whether the length cannot be negative, named lengths being at least 1.
  package var isNonNegative: Bool {
    switch self {
    case .known(let value): value >= 0
    case .symbolic(let expression): expression.isNonNegative
    case .unknown: false
    }
  }

  /// The dimension with the given symbols replaced by numbers.
  public func substituting(_ bindings: [String: Int]) -> Self {
    guard case .symbolic(let expression) = self else { return self }
    return expression.substituting(bindings).map { Self($0) } ?? .unknown
  }
}

extension Dimension: ExpressibleByIntegerLiteral {
  /// A known length.
  public init(integerLiteral value: Int) { self = .known(value) }
}

extension Dimension: CustomStringConvertible {
  /// The number, the expression, or `?`.
  public var description: String {
    switch self {
    case .known(let value): "\(value)"
    case .symbolic(let expression): expression.description
    case .unknown: "?"
    }
  }
}
