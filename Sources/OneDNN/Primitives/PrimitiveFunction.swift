internal import COneDNN
internal import Execution
internal import Kernels

/// A function of one element, as oneDNN names it.
struct PrimitiveFunction {
  let algorithm: dnnl_alg_kind_t
  let alpha: Float
  let beta: Float

  private init(_ algorithm: dnnl_alg_kind_t, _ alpha: Float = 0, _ beta: Float = 0) {
    self.algorithm = algorithm
    self.alpha = alpha
    self.beta = beta
  }

  /// Whether one primitive can carry out both: oneDNN 2.6 keeps the numbers of a function by its
  /// kind, so that two of a kind would share those of one.
  func goes(with other: PrimitiveFunction) -> Bool {
    algorithm != other.algorithm || (alpha == other.alpha && beta == other.beta)
  }

  /// Nil for functions that oneDNN has no exact name of.
  init?(_ function: UnaryFunction) {
    switch function {
    case .relu: self.init(dnnl_eltwise_relu)
    case .leakyRelu(let alpha): self.init(dnnl_eltwise_relu, alpha)
    case .sigmoid: self.init(dnnl_eltwise_logistic)
    case .tanh: self.init(dnnl_eltwise_tanh)
    case .elu(let alpha): self.init(dnnl_eltwise_elu, alpha)
    case .hardSwish: self.init(dnnl_eltwise_hardswish)
    case .swish(let alpha): self.init(dnnl_eltwise_swish, alpha)
    case .mish: self.init(dnnl_eltwise_mish)
    case .gelu(tanh: false): self.init(dnnl_eltwise_gelu_erf)
    case .gelu(tanh: true): self.init(dnnl_eltwise_gelu_tanh)
    case .abs: self.init(dnnl_eltwise_abs)
    case .exp: self.init(dnnl_eltwise_exp)
    case .sqrt: self.init(dnnl_eltwise_sqrt)
    case .affine(let alpha, let beta): self.init(dnnl_eltwise_linear, alpha, beta)
    case .clip(let low, let high): self.init(dnnl_eltwise_clip, Float(low), Float(high))
    default: return nil
    }
  }

  /// Whether it pays to compute the function of row-major elements here: it takes long an element.
  var isSlow: Bool {
    [
      dnnl_eltwise_logistic, dnnl_eltwise_tanh, dnnl_eltwise_elu, dnnl_eltwise_mish,
      dnnl_eltwise_gelu_erf, dnnl_eltwise_gelu_tanh, dnnl_eltwise_exp,
    ].contains(algorithm)
  }

  /// oneDNN's name of an operation of two operands.
  static func binary(_ function: BinaryFunction) -> dnnl_alg_kind_t? {
    switch function {
    case .add: dnnl_binary_add
    case .subtract: dnnl_binary_sub
    case .multiply: dnnl_binary_mul
    case .divide: dnnl_binary_div
    default: nil
    }
  }
}

extension ElementFunction {
  /// The functions to apply one after another; nil where oneDNN has none that are exact enough.
  static func chain(_ function: UnaryFunction) -> [ElementFunction]? {
    switch function {
    case .hardSigmoid(let alpha, let beta): [.affine(alpha, beta), .clip(0, 1)]
    case .negate: [.affine(-1, 0)]
    case .affine, .clip: nil
    default: PrimitiveFunction(function) == nil ? nil : [ElementFunction(function)]
    }
  }

  /// Whether oneDNN may give a number for what is no number, or other infinities than the operations
  /// that the function stands for.
  var isLossy: Bool {
    if isRelu || isClip || peak > 1 { return true }
    return [.exp, .mish, .sigmoid].contains(function)
  }

  /// The largest magnitude of results for operands of up to `largest`.
  func bound(_ largest: Double) -> Double {
    switch function {
    case .sigmoid, .tanh: largest.isNaN ? largest : 1
    case .relu: largest
    case .leakyRelu(let alpha): max(1, Double(abs(alpha))) * largest
    case .elu(let alpha): max(largest, Double(abs(alpha)))
    case .affine(let alpha, let beta): Double(abs(alpha)) * largest + Double(abs(beta))
    case .clip(let low, let high):
      low <= 0 && high >= 0 ? min(largest, max(-low, high)) : max(abs(low), abs(high))
    case .hardSwish, .swish, .mish, .gelu, .abs: largest
    default: .infinity
    }
  }
}
