package import Kernels

/// A function of one element that a step applies to its results, perhaps several joined into one.
package struct ElementFunction: Sendable {
  package let function: UnaryFunction
  /// How many times its operand an intermediate result may be that joining has left out; 1 where
  /// nothing is left out.
  package private(set) var peak = 1.0

  package init(_ function: UnaryFunction) { self.function = function }

  /// Between two bounds.
  package static func clip(_ low: Float, _ high: Float) -> ElementFunction {
    ElementFunction(.clip(Double(low), Double(high)))
  }

  /// A factor and an offset.
  package static func affine(_ factor: Float, _ offset: Float) -> ElementFunction {
    ElementFunction(.affine(alpha: factor, beta: offset))
  }

  /// Whether the function clamps at zero.
  package var isRelu: Bool { function == .relu || function == .leakyRelu(0) }

  /// Whether the function clamps between two bounds.
  package var isClip: Bool { if case .clip = function { true } else { false } }

  /// A function that clamps, for numbers of another scale.
  package func scaled(by factor: Float) -> ElementFunction {
    guard case .clip(let low, let high) = function else { return self }
    return .clip(Float(low) * factor, Float(high) * factor)
  }

  /// This function and then `next` as one, when both are linear.
  func followed(by next: ElementFunction) -> ElementFunction? {
    guard case .affine(let alpha, let beta) = function,
      case .affine(let nextAlpha, let nextBeta) = next.function
    else { return nil }
    let product = alpha * nextAlpha
    let offset = beta * nextAlpha + nextBeta
    // Where a factor gets lost or grows beyond measure, both steps have to be taken.
    guard product.isNormal, offset.isFinite else { return nil }
    // Offsets that cancel round on purpose, as adding and taking away 1.5 * 2^23 does.
    guard max(abs(beta * nextAlpha), abs(nextBeta)) <= 16 * abs(offset) else { return nil }
    var joined = ElementFunction.affine(product, offset)
    joined.peak = max(peak, Double(abs(alpha)), Double(abs(product)), 1)
    return joined
  }

  /// The operation with a number for one operand, as a function of the other.
  static func linear(
    _ function: BinaryFunction, _ number: Float, isFirst: Bool
  ) -> ElementFunction? {
    switch function {
    case .add: .affine(1, number)
    case .multiply: .affine(number, 0)
    case .subtract: isFirst ? .affine(1, -number) : .affine(-1, number)
    case .divide where isFirst && (1 / number).isNormal: .affine(1 / number, 0)
    default: nil
    }
  }
}
