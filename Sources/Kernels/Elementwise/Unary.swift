private import Glibc

/// Applies `function` to every element. Returns false, with `y` untouched, when the function is not
/// defined for the scalar type. `y` has the type and count of `x`; they may share memory.
package func unary(_ function: UnaryFunction, _ x: Source, into y: Target) -> Bool {
  guard x.scalar == y.scalar, x.count == y.count else { return false }
  switch x.scalar {
  case .float:
    guard function != .not else { return false }
    overChunks(x, y, Float.self, Float.self) { unaryFloat(function, $0, $1, $2) }
  case .double:
    guard function != .not else { return false }
    overChunks(x, y, Double.self, Double.self) { unaryDouble(function, $0, $1, $2) }
  case .bool:
    guard function == .not else { return false }
    overChunks(x, y, UInt8.self, UInt8.self) { each($0, $1, $2) { $0 == 0 ? 1 : 0 } }
  case .uint8: return unaryInteger(function, x, y, UInt8.self)
  case .int8: return unaryInteger(function, x, y, Int8.self)
  case .uint16: return unaryInteger(function, x, y, UInt16.self)
  case .int16: return unaryInteger(function, x, y, Int16.self)
  case .uint32: return unaryInteger(function, x, y, UInt32.self)
  case .int32: return unaryInteger(function, x, y, Int32.self)
  case .uint64: return unaryInteger(function, x, y, UInt64.self)
  case .int64: return unaryInteger(function, x, y, Int64.self)
  }
  return true
}

/// Calls `body` with consecutive pieces of both buffers, on several threads when they are long.
func overChunks<T, U>(
  _ x: Source, _ y: Target, _: T.Type, _: U.Type,
  _ body: (UnsafePointer<T>, UnsafeMutablePointer<U>, Int) -> Void
) {
  guard let from = x.elements(T.self).baseAddress, let to = y.elements(U.self).baseAddress else {
    return
  }
  parallel(min(x.count, y.count), grain: 1 << 15) { range in
    body(from + range.lowerBound, to + range.lowerBound, range.count)
  }
}

/// `y[i] = f(x[i])`, inlined with its function so that the loop vectorises.
@inline(__always)
func each<T, U>(
  _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<U>, _ count: Int, _ f: (T) -> U
) {
  for i in 0..<count { y[i] = f(x[i]) }
}

/// The functions that make sense for integers; arithmetic wraps around.
private func unaryInteger<T: FixedWidthInteger>(
  _ function: UnaryFunction, _ x: Source, _ y: Target, _ type: T.Type
) -> Bool {
  switch function {
  case .relu: overChunks(x, y, type, type) { each($0, $1, $2) { $0 < 0 ? 0 : $0 } }
  case .abs: overChunks(x, y, type, type) { each($0, $1, $2) { $0 < 0 ? 0 &- $0 : $0 } }
  case .negate: overChunks(x, y, type, type) { each($0, $1, $2) { 0 &- $0 } }
  case .sign: overChunks(x, y, type, type) { each($0, $1, $2) { $0.signum() } }
  case .clip(let lower, let upper):
    let low = T(saturating: lower), high = T(saturating: upper)
    overChunks(x, y, type, type) { each($0, $1, $2) { min(max($0, low), high) } }
  case .erf:
    overChunks(x, y, type, type) { each($0, $1, $2) { T(saturating: Float(erf(Double($0)))) } }
  case .shrink(let bias, let threshold):
    overChunks(x, y, type, type) {
      each($0, $1, $2) { T(saturating: shrink(Double($0), Double(bias), Double(threshold))) }
    }
  default: return false
  }
  return true
}
