package import IR
import Kernels

/// Derivatives of quantizers. Integers that stand for numbers have cotangents of floats, so that a
/// quantizer and what dequantizes its result have each a rule of their own; together they pass
/// cotangents through inside the range and give the scale `round(x/s) - x/s` there and the bound
/// outside (Esser and others, "Learned Step Size Quantization", 2020).
extension LinearQuantization {
  /// The rule of `saturate(round(x / s) + z)`, as if it did not round: `dx = g/s` and
  /// `ds = -Σ g·x/s²` where nothing saturates, else 0.
  package var quantizedBack: Gradient {
    .rule { [self] call throws(ModelError) in
      try check(call)
      guard let range = integerRange(call.types.first?.elementType ?? .undefined) else {
        throw call.unknown("integers of at most 16 bits")
      }
      if let back = fused(call) { return back }
      let g = try call.cotangent(0), scale = try aligned(call, 1)
      let quotient = try call.input(0) / scale
      let code = call.has(2) ? quotient + (try aligned(call, 2)) : quotient
      let inside = code.isAbove(Double(range.lowerBound) - 0.5).and(
        code.isBelow(Double(range.upperBound) + 0.5))
      let data = inside.select((g / scale).typed(as: quotient.type))
      let scales = -(data * quotient).summed(like: scale)
      return [data, scales.reshaped(like: try call.input(1))]
    }
  }

  /// The rule of `(x - z) · s`: `dx = g·s`, and `ds = Σ g·(x - z)`.
  package var dequantizedBack: Gradient {
    .rule { [self] call throws(ModelError) in
      try check(call)
      if let back = fused(call) { return back }
      let g = try call.cotangent(0), x = try call.input(0), scale = try aligned(call, 1)
      let number = x.cast(to: g.type.elementType)
      let offset = call.has(2) ? number - (try aligned(call, 2)) : number
      let data = (g * scale).typed(as: number.type)
      let scales = (g * offset).typed(as: number.type).summed(like: scale)
      return [data, scales.reshaped(like: try call.input(1))]
    }
  }

  private func check(_ call: GradientCall) throws(ModelError) {
    guard settings.blockSize == 0 else {
      throw ModelError(.unsupported, "\(call.label): scales of blocks have no derivative")
    }
    let precision = settings.precision
    let type = call.facts.type(1).elementType
    guard type.isFloatingPoint, precision == .undefined || precision == type else {
      throw call.unknown("scales of one type of floats")
    }
  }

  /// Both cotangents in one pass; nil where standard operators are wanted, and for floats other than
  /// those of 32 bits.
  private func fused(_ call: GradientCall) -> [Term?]? {
    guard !call.builder.isPortable, call.facts.type(1).elementType == .float,
      let g = try? call.cotangent(0), g.type.elementType == .float,
      let x = try? call.input(0), let scale = try? call.input(1)
    else { return nil }
    let found = call.builder.inner(
      Inner.quantization, [g, x, scale, try? call.input(2)], of: call.node, outputs: 2)
    return [found[0].typed(as: TensorType(.float, x.type.shape)), found[1].typed(as: scale.type)]
  }

  /// Scales, input 1, or zero-points, input 2, as numbers under a shape that repeats along the data.
  private func aligned(_ call: GradientCall, _ index: Int) throws(ModelError) -> Term {
    let term = try call.input(index).cast(to: call.facts.type(1).elementType)
    guard let own = term.type.shape else { throw call.unknown("the rank of its scales") }
    guard own.rank == 1, own[0] != .known(1) else { return term }
    guard let length = own[0].value else { throw call.unknown("the number of its scales") }
    let axis = try call.axis(settings.axis)
    let behind = try call.shape(0).rank - axis - 1
    return term.reshaped([length] + [Int](repeating: 1, count: behind))
  }

  /// The integers that a type holds, where these are of at most 16 bits.
  package func integerRange(_ type: ElementType) -> ClosedRange<Int32>? {
    switch NumberFormat(type) {
    case .scalar(.uint8): 0...255
    case .scalar(.int8): -128...127
    case .scalar(.uint16): 0...65_535
    case .scalar(.int16): -32_768...32_767
    case .packed(let bits, let signed):
      signed ? -(1 << (bits - 1))...(1 << (bits - 1)) - 1 : 0...(1 << bits) - 1
    default: nil
    }
  }
}
