/// A function of one element. Parameters are those of the ONNX operator of the same name.
package enum UnaryFunction: Sendable, Hashable {
  case relu, abs, negate, exp, log, sqrt, reciprocal
  case floor, ceil
  /// To the nearest integer, half to even.
  case round
  /// -1, 0 or 1.
  case sign
  case sigmoid, tanh, erf
  /// ln(1 + eˣ).
  case softplus
  /// x / (1 + |x|).
  case softsign
  case sin, cos, tan, sinh, cosh
  case asin, acos, atan, asinh, acosh, atanh
  /// Logical negation of a bool.
  case not
  /// x · max(0, min(1, x/6 + 1/2)).
  case hardSwish
  /// x · sigmoid(`alpha`·x).
  case swish(Float)
  /// x · tanh(softplus(x)).
  case mish
  /// `alpha`·x below zero, else x.
  case leakyRelu(Float)
  /// `alpha`·(eˣ - 1) below zero, else x.
  case elu(Float)
  case selu(alpha: Float, gamma: Float)
  case celu(Float)
  /// x above `alpha`, else 0.
  case thresholdedRelu(Float)
  /// max(0, min(1, alpha·x + beta)).
  case hardSigmoid(alpha: Float, beta: Float)
  /// alpha·x + beta.
  case affine(alpha: Float, beta: Float)
  /// alpha·tanh(beta·x).
  case scaledTanh(alpha: Float, beta: Float)
  /// x + bias below -threshold, x - bias above it, else 0.
  case shrink(bias: Float, threshold: Float)
  /// Between the two bounds; the upper one wins when they cross.
  case clip(Double, Double)
  /// x·Φ(x), exactly or with the tanh approximation.
  case gelu(tanh: Bool)
}
