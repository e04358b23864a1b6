/// Arithmetic that never traps, alike for integers and floating point.
protocol Arithmetic: Comparable, BitwiseCopyable, Sendable {
  static var zero: Self { get }
  static var one: Self { get }
  /// The smallest and the largest value; infinities where there are any.
  static var lowest: Self { get }
  static var highest: Self { get }
  static func plus(_ a: Self, _ b: Self) -> Self
  static func minus(_ a: Self, _ b: Self) -> Self
  static func times(_ a: Self, _ b: Self) -> Self
  /// Truncates for integers, which give 0 for a zero divisor.
  static func over(_ a: Self, _ b: Self) -> Self
  /// The remainder with the sign of the divisor.
  static func modulo(_ a: Self, _ b: Self) -> Self
  /// The remainder with the sign of the dividend.
  static func remainder(_ a: Self, _ b: Self) -> Self
  init(saturating value: Double)
  var double: Double { get }
}

extension Arithmetic where Self: FixedWidthInteger {
  static var one: Self { 1 }
  static var lowest: Self { .min }
  static var highest: Self { .max }
  @inline(__always) static func plus(_ a: Self, _ b: Self) -> Self { a &+ b }
  @inline(__always) static func minus(_ a: Self, _ b: Self) -> Self { a &- b }
  @inline(__always) static func times(_ a: Self, _ b: Self) -> Self { a &* b }
  @inline(__always) static func over(_ a: Self, _ b: Self) -> Self {
    b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
  }
  @inline(__always) static func remainder(_ a: Self, _ b: Self) -> Self {
    b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
  }
  @inline(__always) static func modulo(_ a: Self, _ b: Self) -> Self {
    let rest = remainder(a, b)
    return rest != 0 && (rest < 0) != (b < 0) ? rest &+ b : rest
  }
  var double: Double { Double(self) }
}

extension FixedWidthInteger {
  /// Truncates toward zero; values out of range become the nearest bound, NaN becomes 0.
  @inline(__always) init<T: BinaryFloatingPoint>(saturating value: T) {
    if value >= T(Self.max) {
      self = .max
    } else if value <= T(Self.min) {
      self = .min
    } else {
      self = value == value ? Self(value) : 0
    }
  }
}

extension Int8: Arithmetic {}
extension UInt8: Arithmetic {}
extension Int16: Arithmetic {}
extension UInt16: Arithmetic {}
extension Int32: Arithmetic {}
extension UInt32: Arithmetic {}
extension Int64: Arithmetic {}
extension UInt64: Arithmetic {}

/// The larger of two; NaN when either is.
@inline(__always)
func larger<T: Comparable>(_ a: T, _ b: T) -> T { a > b || a != a ? a : b }

/// The smaller of two; NaN when either is.
@inline(__always)
func smaller<T: Comparable>(_ a: T, _ b: T) -> T { a < b || a != a ? a : b }
