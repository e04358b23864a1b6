private import Glibc

/// Applies `function` to floats. Each case is a loop of its own, so that it vectorises.
func unaryFloat(
  _ function: UnaryFunction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int
) {
  switch function {
  case .relu: each(x, y, n) { $0 < 0 ? 0 : $0 }
  case .abs: each(x, y, n) { Swift.abs($0) }
  case .negate: each(x, y, n) { -$0 }
  case .sqrt: each(x, y, n) { $0.squareRoot() }
  case .reciprocal: each(x, y, n) { 1 / $0 }
  case .sign: each(x, y, n) { $0 > 0 ? 1 : ($0 < 0 ? -1 : $0) }
  case .softsign: each(x, y, n) { $0 / (1 + Swift.abs($0)) }
  case .hardSwish: each(x, y, n) { $0 * unit($0 * (1 / 6) + 0.5) }
  case .hardSigmoid(let alpha, let beta): each(x, y, n) { unit(alpha * $0 + beta) }
  case .leakyRelu(let alpha): each(x, y, n) { $0 < 0 ? alpha * $0 : $0 }
  case .thresholdedRelu(let alpha): each(x, y, n) { $0 > alpha ? $0 : 0 }
  case .clip(let lower, let upper):
    let low = Float(lower), high = Float(upper)
    each(x, y, n) { x in
      let raised = x < low ? low : x
      return raised > high ? high : raised
    }
  case .exp: each(x, y, n) { fastExp($0) }
  case .sigmoid: each(x, y, n) { fastSigmoid($0) }
  case .swish(let alpha): each(x, y, n) { $0 * fastSigmoid(alpha * $0) }
  case .tanh: each(x, y, n) { fastTanh($0) }
  case .erf: each(x, y, n) { fastErf($0) }
  case .gelu(tanh: false): each(x, y, n) { 0.5 * $0 * (1 + fastErf($0 * 0.707_106_78)) }
  case .gelu(tanh: true):
    each(x, y, n) { 0.5 * $0 * (1 + fastTanh(0.797_884_56 * ($0 + 0.044_715 * $0 * $0 * $0))) }
  case .mish:
    // tanh(ln(1 + e)) = w / (w + 2) with w = e(e + 2); above 20 it is 1 and e² may overflow.
    each(x, y, n) { x in
      let e = fastExp(x > 20 ? 20 : x)
      let w = e * (e + 2)
      return x * (w / (w + 2))
    }
  case .affine(let alpha, let beta): each(x, y, n) { alpha * $0 + beta }
  case .scaledTanh(let alpha, let beta): each(x, y, n) { alpha * fastTanh(beta * $0) }
  case .shrink(let bias, let threshold):
    each(x, y, n) { $0 < -threshold ? $0 + bias : ($0 > threshold ? $0 - bias : 0) }
  case .floor: each(x, y, n) { $0.rounded(.down) }
  case .ceil: each(x, y, n) { $0.rounded(.up) }
  case .round: each(x, y, n) { $0.rounded(.toNearestOrEven) }
  case .softplus: each(x, y, n) { Swift.max($0, 0) + log1p(fastExp(-Swift.abs($0))) }
  case .elu(let alpha): each(x, y, n) { $0 < 0 ? alpha * expm1($0) : $0 }
  case .selu(let alpha, let gamma):
    each(x, y, n) { $0 <= 0 ? gamma * (alpha * expm1($0)) : gamma * $0 }
  case .celu(let alpha): each(x, y, n) { $0 < 0 ? alpha * expm1($0 / alpha) : $0 }
  default: libraryFloat(function, x, y, n)
  }
}

/// Functions that the C library computes, an element at a time.
private func libraryFloat(
  _ function: UnaryFunction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int
) {
  switch function {
  case .log: each(x, y, n) { Glibc.log($0) }
  case .sin: each(x, y, n) { Glibc.sin($0) }
  case .cos: each(x, y, n) { Glibc.cos($0) }
  case .tan: each(x, y, n) { Glibc.tan($0) }
  case .sinh: each(x, y, n) { Glibc.sinh($0) }
  case .cosh: each(x, y, n) { Glibc.cosh($0) }
  case .asin: each(x, y, n) { Glibc.asin($0) }
  case .acos: each(x, y, n) { Glibc.acos($0) }
  case .atan: each(x, y, n) { Glibc.atan($0) }
  case .asinh: each(x, y, n) { Glibc.asinh($0) }
  case .acosh: each(x, y, n) { Glibc.acosh($0) }
  case .atanh: each(x, y, n) { Glibc.atanh($0) }
  default: break
  }
}

/// The value clamped to 0...1.
@inline(__always)
private func unit(_ x: Float) -> Float {
  let low = x < 0 ? 0 : x
  return low > 1 ? 1 : low
}
