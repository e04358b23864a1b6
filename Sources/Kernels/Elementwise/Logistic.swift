private import Glibc

/// `1 / (1 + e⁻ˣ)`.
package func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// Exponentials over their sum.
package func softmax(_ values: [Double]) -> [Double] {
  let top = values.max() ?? 0
  let exponentials = values.map { exp($0 - top) }
  let sum = exponentials.reduce(0, +)
  return exponentials.map { $0 / sum }
}

/// The quantile of the normal distribution, `√2 · erf⁻¹(2x − 1)`, by Winitzki's approximation of the
/// inverse error function, as runtimes have it.
package func probit(_ x: Double) -> Double {
  let argument = 2 * x - 1
  let logarithm = log((1 - argument) * (1 + argument))
  let first = 2 / (Double.pi * 0.147) + 0.5 * logarithm
  let root = (-first + (first * first - logarithm / 0.147).squareRoot()).squareRoot()
  return 2.0.squareRoot() * (argument < 0 ? -root : root)
}
