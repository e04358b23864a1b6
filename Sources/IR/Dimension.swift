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

  private static func combine(
    _ a: Self, _ b: Self, _ body: (SymbolicExpression, SymbolicExpression) -> SymbolicExpression?
  ) -> Self {
    guard let x = a.expression, let y = b.expression, let result = body(x, y) else {
      return .unknown
    }
    return Self(result)
  }

  /// The sum of two lengths; unknown when either is.
  public static func + (a: Self, b: Self) -> Self { combine(a, b) { $0 + $1 } }
  /// The difference of two lengths; unknown when either is.
  public static func - (a: Self, b: Self) -> Self { combine(a, b) { $0 - $1 } }
  /// The product of two lengths; 0 when either is 0, else unknown when either is.
  public static func * (a: Self, b: Self) -> Self {
    if a == .known(0) || b == .known(0) { return .known(0) }
    return combine(a, b) { $0 * $1 }
  }

  /// `floor(self / other)`.
  public func floorDivided(by other: Self) -> Self {
    Self.combine(self, other) { SymbolicExpression.floorDivide($0, by: $1) }
  }

  /// `ceil(self / other)`.
  public func ceilDivided(by other: Self) -> Self {
    Self.known(0) - (Self.known(0) - self).floorDivided(by: other)
  }

  /// The larger of two lengths.
  public static func maximum(_ a: Self, _ b: Self) -> Self {
    combine(a, b) { SymbolicExpression.maximum($0, $1) }
  }

  /// The smaller of two lengths.
  public static func minimum(_ a: Self, _ b: Self) -> Self {
    combine(a, b) { SymbolicExpression.minimum($0, $1) }
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
