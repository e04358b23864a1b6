/// Numbers that sums of products run over. Integers wrap around on overflow.
protocol Accumulator: BitwiseCopyable {
  static var zero: Self { get }
  /// `sum + a·b`.
  static func sum(_ sum: Self, _ a: Self, _ b: Self) -> Self
}

extension Float: Accumulator {
  @inline(__always) static func sum(_ sum: Float, _ a: Float, _ b: Float) -> Float { sum + a * b }
}

extension Double: Accumulator {
  @inline(__always) static func sum(_ sum: Double, _ a: Double, _ b: Double) -> Double {
    sum + a * b
  }
}

extension Int32: Accumulator {
  @inline(__always) static func sum(_ sum: Int32, _ a: Int32, _ b: Int32) -> Int32 {
    sum &+ a &* b
  }
}

extension Int64: Accumulator {
  @inline(__always) static func sum(_ sum: Int64, _ a: Int64, _ b: Int64) -> Int64 {
    sum &+ a &* b
  }
}

extension UnsafeRawBufferPointer {
  /// The first element as `T`; a valid address even where there is no element.
  func base<T>(_ type: T.Type) -> UnsafePointer<T> {
    guard let address = baseAddress else { return UnsafePointer(bitPattern: 64)! }
    return address.assumingMemoryBound(to: T.self)
  }
}

extension UnsafeMutableRawBufferPointer {
  /// The first element as `T`; a valid address even where there is no element.
  func base<T>(_ type: T.Type) -> UnsafeMutablePointer<T> {
    guard let address = baseAddress else { return UnsafeMutablePointer(bitPattern: 64)! }
    return address.assumingMemoryBound(to: T.self)
  }
}
