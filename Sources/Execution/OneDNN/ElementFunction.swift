internal import COneDNN
internal import Kernels

/// A function of one element, as oneDNN names it.
struct ElementFunction: Sendable {
  let algorithm: dnnl_alg_kind_t
  let alpha: Float
  let beta: Float
  /// How many times its operand an intermediate result may be that joining has left out; 1 where
  /// nothing is left out.
  private(set) var peak = 1.0

  init(_ algorithm: dnnl_alg_kind_t, _ alpha: Float = 0, _ beta: Float = 0) {
    self.algorithm = algorithm
    self.alpha = alpha
    self.beta = beta
  }

  /// Between two bounds.
  static func clip(_ low: Float, _ high: Float) -> ElementFunction {
    ElementFunction(dnnl_eltwise_clip, low, high)
  }

  /// Whether one primitive can carry out both: oneDNN 2.6 keeps the numbers of a function by its
  /// kind, so that two of a kind would share those of one.
  func goes(with other: ElementFunction) -> Bool {
    algorithm != other.algorithm || (alpha == other.alpha && beta == other.beta)
  }

  /// This function and then `next` as one, when both are linear.
  func followed(by next: ElementFunction) -> ElementFunction? {
    guard algorithm == dnnl_eltwise_linear, next.algorithm == dnnl_eltwise_linear else {
      return nil
    }
    let product = alpha * next.alpha
    let offset = beta * next.alpha + next.beta
    // Where a factor gets lost or grows beyond measure, both steps have to be taken.
    guard product.isNormal, offset.isFinite else { return nil }
    var joined = ElementFunction(dnnl_eltwise_linear, product, offset)
    joined.peak = max(peak, Double(abs(alpha)), Double(abs(product)), 1)
    return joined
  }

  /// Whether oneDNN may give a number for what is no number, or other infinities than the operations
  /// that the function stands for.
  var isLossy: Bool {
    isRelu || isClip || peak > 1
      || [dnnl_eltwise_exp, dnnl_eltwise_mish, dnnl_eltwise_logistic].contains(algorithm)
  }

  /// The largest magnitude of results for operands of up to `largest`.
  func bound(_ largest: Double) -> Double {
    switch algorithm {
    case dnnl_eltwise_logistic, dnnl_eltwise_tanh: largest.isNaN ? largest : 1
    case dnnl_eltwise_relu: max(1, Double(abs(alpha))) * largest
    case dnnl_eltwise_elu: max(largest, Double(abs(alpha)))
    case dnnl_eltwise_linear: Double(abs(alpha)) * largest + Double(abs(beta))
    case dnnl_eltwise_clip:
      alpha <= 0 && beta >= 0
        ? min(largest, max(Double(-alpha), Double(beta)))
        : max(abs(Double(alpha)), abs(Double(beta)))
    case dnnl_eltwise_hardswish, dnnl_eltwise_swish, dnnl_eltwise_mish, dnnl_eltwise_gelu_erf,
      dnnl_eltwise_gelu_tanh, dnnl_eltwise_abs:
      largest
    default: .infinity
    }
  }

  /// Whether the function clamps at zero.
  var isRelu: Bool { algorithm == dnnl_eltwise_relu && alpha == 0 }

  /// Whether the function clamps between two bounds.
  var isClip: Bool { algorithm == dnnl_eltwise_clip }

  /// A function that clamps, for numbers of another scale.
  func scaled(by factor: Float) -> ElementFunction {
    isClip ? .clip(alpha * factor, beta * factor) : self
  }

  /// The functions to apply one after another; nil where oneDNN has none that are exact enough.
  static func of(_ function: UnaryFunction) -> [ElementFunction]? {
    switch function {
    case .relu: [ElementFunction(dnnl_eltwise_relu)]
    case .leakyRelu(let alpha): [ElementFunction(dnnl_eltwise_relu, alpha)]
    case .sigmoid: [ElementFunction(dnnl_eltwise_logistic)]
    case .tanh: [ElementFunction(dnnl_eltwise_tanh)]
    case .elu(let alpha): [ElementFunction(dnnl_eltwise_elu, alpha)]
    case .hardSwish: [ElementFunction(dnnl_eltwise_hardswish)]
    case .hardSigmoid(let alpha, let beta):
      [ElementFunction(dnnl_eltwise_linear, alpha, beta), .clip(0, 1)]
    case .swish(let alpha): [ElementFunction(dnnl_eltwise_swish, alpha)]
    case .mish: [ElementFunction(dnnl_eltwise_mish)]
    case .gelu(tanh: false): [ElementFunction(dnnl_eltwise_gelu_erf)]
    case .gelu(tanh: true): [ElementFunction(dnnl_eltwise_gelu_tanh)]
    case .abs: [ElementFunction(dnnl_eltwise_abs)]
    case .negate: [ElementFunction(dnnl_eltwise_linear, -1)]
    case .exp: [ElementFunction(dnnl_eltwise_exp)]
    case .sqrt: [ElementFunction(dnnl_eltwise_sqrt)]
    default: nil
    }
  }

  /// The operation with a number for one operand, as a function of the other.
  static func linear(
    _ function: BinaryFunction, _ number: Float, isFirst: Bool
  ) -> ElementFunction? {
    switch function {
    case .add: ElementFunction(dnnl_eltwise_linear, 1, number)
    case .multiply: ElementFunction(dnnl_eltwise_linear, number, 0)
    case .subtract:
      isFirst
        ? ElementFunction(dnnl_eltwise_linear, 1, -number)
        : ElementFunction(dnnl_eltwise_linear, -1, number)
    case .divide where isFirst && (1 / number).isNormal:
      ElementFunction(dnnl_eltwise_linear, 1 / number, 0)
    default: nil
    }
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
