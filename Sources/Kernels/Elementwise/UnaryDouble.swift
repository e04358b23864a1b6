private import Glibc

/// Applies `function` to doubles, which models use rarely: one loop, one switch an element.
func unaryDouble(
  _ function: UnaryFunction, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ n: Int
) {
  each(x, y, n) { value(of: function, at: $0) }
}

private func value(of function: UnaryFunction, at x: Double) -> Double {
  switch function {
  case .relu: x < 0 ? 0 : x
  case .abs: Swift.abs(x)
  case .negate: -x
  case .exp: Glibc.exp(x)
  case .log: Glibc.log(x)
  case .sqrt: x.squareRoot()
  case .reciprocal: 1 / x
  case .floor: x.rounded(.down)
  case .ceil: x.rounded(.up)
  case .round: x.rounded(.toNearestOrEven)
  case .sign: x > 0 ? 1 : (x < 0 ? -1 : x)
  case .sigmoid: 1 / (1 + Glibc.exp(-x))
  case .swish(let alpha): x / (1 + Glibc.exp(-Double(alpha) * x))
  case .tanh: Glibc.tanh(x)
  case .erf: Glibc.erf(x)
  case .softplus: softplus(x)
  case .softsign: x / (1 + Swift.abs(x))
  case .sin: Glibc.sin(x)
  case .cos: Glibc.cos(x)
  case .tan: Glibc.tan(x)
  case .sinh: Glibc.sinh(x)
  case .cosh: Glibc.cosh(x)
  case .asin: Glibc.asin(x)
  case .acos: Glibc.acos(x)
  case .atan: Glibc.atan(x)
  case .asinh: Glibc.asinh(x)
  case .acosh: Glibc.acosh(x)
  case .atanh: Glibc.atanh(x)
  case .affine(let alpha, let beta): Double(alpha) * x + Double(beta)
  case .scaledTanh(let alpha, let beta): Double(alpha) * Glibc.tanh(Double(beta) * x)
  case .shrink(let bias, let threshold): shrink(x, Double(bias), Double(threshold))
  case .hardSwish: x * unit(x / 6 + 0.5)
  case .mish: x * Glibc.tanh(softplus(x))
  case .leakyRelu(let alpha): x < 0 ? Double(alpha) * x : x
  case .elu(let alpha): x < 0 ? Double(alpha) * expm1(x) : x
  case .selu(let alpha, let gamma): Double(gamma) * (x <= 0 ? Double(alpha) * expm1(x) : x)
  case .celu(let alpha): x < 0 ? Double(alpha) * expm1(x / Double(alpha)) : x
  case .thresholdedRelu(let alpha): x > Double(alpha) ? x : 0
  case .hardSigmoid(let alpha, let beta): unit(Double(alpha) * x + Double(beta))
  case .clip(let lower, let upper): clamp(x, lower, upper)
  case .gelu(tanh: false): 0.5 * x * (1 + Glibc.erf(x * 0.5.squareRoot()))
  case .gelu(tanh: true):
    0.5 * x * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * (x + 0.044_715 * x * x * x)))
  case .not: x
  }
}

private func softplus(_ x: Double) -> Double {
  Swift.max(x, 0) + log1p(Glibc.exp(-Swift.abs(x)))
}

/// x moved towards 0 by `bias`; 0 within the threshold.
func shrink(_ x: Double, _ bias: Double, _ threshold: Double) -> Double {
  x < -threshold ? x + bias : (x > threshold ? x - bias : 0)
}

private func unit(_ x: Double) -> Double { clamp(x, 0, 1) }

/// The value between two bounds; NaN stays.
private func clamp(_ x: Double, _ low: Double, _ high: Double) -> Double {
  let raised = x < low ? low : x
  return raised > high ? high : raised
}
