private import Glibc

extension UnaryFunction {
  /// Whether the derivative is told from the function's result rather than from its argument.
  package var hasSlopeOfResult: Bool {
    switch self {
    case .relu, .clip, .sigmoid, .tanh, .hardSigmoid, .exp, .sqrt, .reciprocal: true
    case .leakyRelu(let alpha): alpha > 0
    default: false
    }
  }
}

/// `g` times the derivative of a function, element by element, in float or double.
///
/// - Parameter x: the function's arguments, or its results where `hasSlopeOfResult`.
/// - Returns: false for other element types.
package func slope(_ function: UnaryFunction, _ g: Source, _ x: Source, into y: Target) -> Bool {
  guard g.scalar == x.scalar, x.scalar == y.scalar, g.count == x.count, x.count == y.count else {
    return false
  }
  switch x.scalar {
  case .float:
    over(g, x, y, Float.self) { slopeFloat(function, $0, $1, $2, $3) }
  case .double:
    over(g, x, y, Double.self) { g, x, y, n in
      for i in 0..<n { y[i] = g[i] * function.slope(at: x[i]) }
    }
  default: return false
  }
  return true
}

private func over<T>(
  _ g: Source, _ x: Source, _ y: Target, _: T.Type,
  _ body: (UnsafePointer<T>, UnsafePointer<T>, UnsafeMutablePointer<T>, Int) -> Void
) {
  guard let g = g.elements(T.self).baseAddress, let from = x.elements(T.self).baseAddress,
    let to = y.elements(T.self).baseAddress
  else { return }
  parallel(x.count, grain: 1 << 15) { range in
    body(
      g + range.lowerBound, from + range.lowerBound, to + range.lowerBound, range.count)
  }
}

/// A loop for each function that networks have often, so that it vectorises.
private func slopeFloat(
  _ function: UnaryFunction, _ g: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
  _ y: UnsafeMutablePointer<Float>, _ n: Int
) {
  @inline(__always)
  func each(_ f: (Float) -> Float) { for i in 0..<n { y[i] = g[i] * f(x[i]) } }
  switch function {
  case .relu: each { $0 > 0 ? 1 : 0 }
  case .leakyRelu(let alpha): each { $0 < 0 ? alpha : 1 }
  case .clip(let low, let high):
    let (low, high) = (Float(low), Float(high))
    each { $0 > low && $0 < high ? 1 : 0 }
  case .sigmoid: each { $0 * (1 - $0) }
  case .tanh: each { 1 - $0 * $0 }
  case .hardSigmoid(let alpha, _): each { $0 > 0 && $0 < 1 ? alpha : 0 }
  case .hardSwish: each { $0 <= -3 ? 0 : ($0 >= 3 ? 1 : (2 * $0 + 3) * (1 / 6)) }
  case .swish(let alpha):
    each { x in
      let s = fastSigmoid(alpha * x)
      return s * (1 + alpha * x * (1 - s))
    }
  case .gelu(tanh: false):
    each { x in
      let density = 0.398_942_28 * fastExp(-0.5 * x * x)
      return 0.5 * (1 + fastErf(x * 0.707_106_78)) + x * density
    }
  case .exp: each { $0 }
  case .sqrt: each { 0.5 / $0 }
  case .reciprocal: each { -$0 * $0 }
  default: for i in 0..<n { y[i] = g[i] * Float(function.slope(at: Double(x[i]))) }
  }
}

extension UnaryFunction {
  /// The derivative at an argument, or at a result where `hasSlopeOfResult`; where there is none, one
  /// from a side.
  func slope(at x: Double) -> Double {
    switch self {
    case .relu: x > 0 ? 1 : 0
    case .abs: x > 0 ? 1 : (x < 0 ? -1 : 0)
    case .negate: -1
    case .exp: x
    case .log: 1 / x
    case .sqrt: 0.5 / x
    case .reciprocal: -x * x
    case .floor, .ceil, .round, .sign, .not: 0
    case .sigmoid: x * (1 - x)
    case .tanh: 1 - x * x
    case .erf: 2 / Double.pi.squareRoot() * Glibc.exp(-x * x)
    case .softplus: logistic(x)
    case .softsign: 1 / ((1 + Swift.abs(x)) * (1 + Swift.abs(x)))
    default: trigonometricSlope(at: x) ?? activationSlope(at: x)
    }
  }

  private func trigonometricSlope(at x: Double) -> Double? {
    switch self {
    case .sin: Glibc.cos(x)
    case .cos: -Glibc.sin(x)
    case .tan: 1 + Glibc.tan(x) * Glibc.tan(x)
    case .sinh: Glibc.cosh(x)
    case .cosh: Glibc.sinh(x)
    case .asin: 1 / (1 - x * x).squareRoot()
    case .acos: -1 / (1 - x * x).squareRoot()
    case .atan: 1 / (1 + x * x)
    case .asinh: 1 / (x * x + 1).squareRoot()
    case .acosh: 1 / (x * x - 1).squareRoot()
    case .atanh: 1 / (1 - x * x)
    default: nil
    }
  }

  private func activationSlope(at x: Double) -> Double {
    switch self {
    case .hardSwish: return x <= -3 ? 0 : (x >= 3 ? 1 : (2 * x + 3) / 6)
    case .swish(let alpha):
      let s = logistic(Double(alpha) * x)
      return s * (1 + Double(alpha) * x * (1 - s))
    case .mish:
      let t = Glibc.tanh(Swift.max(x, 0) + log1p(Glibc.exp(-Swift.abs(x))))
      return t + x * logistic(x) * (1 - t * t)
    case .leakyRelu(let alpha): return x < 0 ? Double(alpha) : 1
    case .elu(let alpha): return x < 0 ? Double(alpha) * Glibc.exp(x) : 1
    case .selu(let alpha, let gamma):
      return Double(gamma) * (x <= 0 ? Double(alpha) * Glibc.exp(x) : 1)
    case .celu(let alpha): return x < 0 ? Glibc.exp(x / Double(alpha)) : 1
    case .thresholdedRelu(let alpha): return x > Double(alpha) ? 1 : 0
    case .hardSigmoid(let alpha, _): return x > 0 && x < 1 ? Double(alpha) : 0
    case .affine(let alpha, _): return Double(alpha)
    case .scaledTanh(let alpha, let beta):
      let t = Glibc.tanh(Double(beta) * x)
      return Double(alpha) * Double(beta) * (1 - t * t)
    case .shrink(_, let threshold): return Swift.abs(x) > Double(threshold) ? 1 : 0
    case .clip(let low, let high): return x > low && x < high ? 1 : 0
    case .gelu(tanh: false):
      let density = Glibc.exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
      return 0.5 * (1 + Glibc.erf(x * 0.5.squareRoot())) + x * density
    case .gelu(tanh: true):
      let c = (2 / Double.pi).squareRoot()
      let t = Glibc.tanh(c * (x + 0.044_715 * x * x * x))
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044_715 * x * x)
    default: return 0
    }
  }
}
