extension Arithmetic where Self: BinaryFloatingPoint {
  static var one: Self { 1 }
  static var lowest: Self { -Self.infinity }
  static var highest: Self { Self.infinity }
  @inline(__always) static func plus(_ a: Self, _ b: Self) -> Self { a + b }
  @inline(__always) static func minus(_ a: Self, _ b: Self) -> Self { a - b }
  @inline(__always) static func times(_ a: Self, _ b: Self) -> Self { a * b }
  @inline(__always) static func over(_ a: Self, _ b: Self) -> Self { a / b }
  @inline(__always) static func remainder(_ a: Self, _ b: Self) -> Self {
    a.truncatingRemainder(dividingBy: b)
  }
  @inline(__always) static func modulo(_ a: Self, _ b: Self) -> Self {
    let rest = remainder(a, b)
    // Of zeros too the sign is the divisor's.
    if rest == 0 { return Self(signOf: b, magnitudeOf: rest) }
    return (rest < 0) != (b < 0) ? rest + b : rest
  }
  init(saturating value: Double) { self.init(value) }
  var double: Double { Double(self) }
}

extension Float: Arithmetic {}
extension Double: Arithmetic {}
