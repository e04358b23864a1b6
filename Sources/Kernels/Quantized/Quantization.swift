/// Where scales and zero-points change, and which of them belong to which elements.
package struct QuantizedLayout: Sendable {
  private let outer: Int
  private let length: Int
  private let inner: Int
  /// How many indices of the axis share a parameter; nil where parameters do not depend on the
  /// outer and inner axes.
  private let block: Int?
  /// The number of parameters.
  package let parameters: Int

  /// One set of parameters for `count` elements.
  package init(count: Int) { (outer, length, inner, block, parameters) = (1, 1, count, nil, 1) }

  /// A set of parameters for each index of `axis`.
  package init(_ shape: [Int], axis: Int) {
    outer = shape[..<axis].reduce(1, *)
    length = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
    block = nil
    parameters = shape[axis]
  }

  /// A set of parameters for each `block` consecutive elements along `axis`.
  package init(_ shape: [Int], axis: Int, block: Int) {
    outer = shape[..<axis].reduce(1, *)
    length = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
    let size = max(1, min(block, length))
    self.block = size
    parameters = outer * ((length + size - 1) / size) * inner
  }

  /// The lengths before, along and behind the axis of parameters; nil where blocks share them.
  package var spans: (outer: Int, length: Int, inner: Int)? {
    block == nil ? (outer, length, inner) : nil
  }

  /// Elements that lie together and whose parameters do too.
  fileprivate struct Piece {
    /// The first element.
    var start: Int
    var count: Int
    /// The first element's parameter.
    var parameter: Int
    /// From one element's parameter to the next: 0 or 1.
    var step: Int
  }

  fileprivate func forEachPiece(_ body: (Piece) -> Void) {
    if let block {
      let blocks = (length + block - 1) / block
      guard inner > 1 else {
        return rows(outer * blocks, of: block) { row in
          let first = row % blocks * block
          let start = row / blocks * length + first
          body(Piece(start: start, count: min(block, length - first), parameter: row, step: 0))
        }
      }
      return rows(outer * length, of: inner) { row in
        let place = (row / length * blocks + row % length / block) * inner
        body(Piece(start: row * inner, count: inner, parameter: place, step: 1))
      }
    }
    if outer * length == 1 {
      // Waking a thread takes as long as some hundred thousand elements.
      return parallel(inner, grain: 1 << 17) {
        body(Piece(start: $0.lowerBound, count: $0.count, parameter: 0, step: 0))
      }
    }
    if inner == 1 {
      return rows(outer, of: length) { row in
        body(Piece(start: row * length, count: length, parameter: 0, step: 1))
      }
    }
    rows(outer * length, of: inner) { row in
      body(Piece(start: row * inner, count: inner, parameter: row % length, step: 0))
    }
  }

  private func rows(_ count: Int, of length: Int, _ body: (Int) -> Void) {
    parallel(count, grain: max(1, (1 << 15) / max(1, length))) { $0.forEach(body) }
  }
}

/// Scales and zero-points with their layout.
package struct QuantizedParameters: Sendable {
  package let layout: QuantizedLayout
  package let scales: [Float]
  package let zeroPoints: [Int32]
  /// The format in which quotients are rounded before they become integers; nil for float.
  package let precision: HalfFormat?

  package init(
    _ layout: QuantizedLayout, scales: [Float], zeroPoints: [Int32], precision: HalfFormat? = nil
  ) {
    self.layout = layout
    self.scales = scales
    self.zeroPoints = zeroPoints
    self.precision = precision
  }

  fileprivate func fit(_ x: Source, _ y: Target) -> Bool {
    x.count == y.count && scales.count == layout.parameters
      && zeroPoints.count == layout.parameters
  }
}

/// `saturate(roundHalfToEven(x / scale) + zeroPoint)` for floats; NaN becomes the lowest value.
///
/// - Parameter range: what results saturate to; nil for all that `y`'s type, 8 or 16 bits, holds.
/// - Returns: false when types or counts do not fit.
package func quantizeLinear(
  _ x: Source, _ parameters: QuantizedParameters, range: ClosedRange<Int32>? = nil, into y: Target
) -> Bool {
  guard x.scalar == .float, parameters.fit(x, y) else { return false }
  switch y.scalar {
  case .uint8: quantize(x, parameters, range, y, UInt8.self)
  case .int8: quantize(x, parameters, range, y, Int8.self)
  case .uint16: quantize(x, parameters, range, y, UInt16.self)
  case .int16: quantize(x, parameters, range, y, Int16.self)
  default: return false
  }
  return true
}

private func quantize<Q: FixedWidthInteger>(
  _ x: Source, _ parameters: QuantizedParameters, _ range: ClosedRange<Int32>?, _ y: Target,
  _: Q.Type
) {
  guard let from = x.elements(Float.self).baseAddress, let to = y.elements(Q.self).baseAddress
  else { return }
  let least = range?.lowerBound ?? Int32(Q.min), most = range?.upperBound ?? Int32(Q.max)
  @inline(__always) func code(_ quotient: Float, _ zero: Int32) -> Q {
    // Clamping to whole numbers commutes with rounding, and keeps within what the offset rounds.
    let low = Float(least &- zero), high = Float(most &- zero)
    let raised = quotient > low ? quotient : low
    let clamped = raised < high ? raised : high
    let bits = Int32(bitPattern: (clamped + 12_582_912).bitPattern) &- 0x4B40_0000
    return Q(truncatingIfNeeded: bits &+ zero)
  }
  let scales = parameters.scales, zeros = parameters.zeroPoints
  parameters.layout.forEachPiece { piece in
    let x = from + piece.start, y = to + piece.start, first = piece.parameter
    if let format = parameters.precision {
      for i in 0..<piece.count {
        let place = first + i * piece.step
        y[i] = code(format.rounded(x[i] / scales[place]), zeros[place])
      }
    } else if piece.step == 0 {
      let scale = scales[first], zero = zeros[first]
      for i in 0..<piece.count { y[i] = code(x[i] / scale, zero) }
    } else {
      for i in 0..<piece.count { y[i] = code(x[i] / scales[first + i], zeros[first + i]) }
    }
  }
}

/// `x / scale` for floats: what quantization to small floats rounds. Returns false when types or
/// counts do not fit.
package func divideByScale(
  _ x: Source, _ parameters: QuantizedParameters, into y: Target
) -> Bool {
  guard x.scalar == .float, y.scalar == .float, parameters.fit(x, y) else { return false }
  guard let from = x.elements(Float.self).baseAddress, let to = y.elements(Float.self).baseAddress
  else { return true }
  let scales = parameters.scales
  parameters.layout.forEachPiece { piece in
    for i in 0..<piece.count {
      let quotient = from[piece.start + i] / scales[piece.parameter + i * piece.step]
      to[piece.start + i] = parameters.precision?.rounded(quotient) ?? quotient
    }
  }
  return true
}

/// `(x - zeroPoint)·scale` for 8- and 16-bit integers and int32, and for floats, which have no
/// zero-point. Returns false when types or counts do not fit.
package func dequantizeLinear(
  _ x: Source, _ parameters: QuantizedParameters, into y: Target
) -> Bool {
  guard y.scalar == .float, parameters.fit(x, y) else { return false }
  switch x.scalar {
  case .uint8: dequantize(x, parameters, y, UInt8.self)
  case .int8: dequantize(x, parameters, y, Int8.self)
  case .uint16: dequantize(x, parameters, y, UInt16.self)
  case .int16: dequantize(x, parameters, y, Int16.self)
  case .int32: dequantize(x, parameters, y, Int32.self)
  case .float:
    guard let from = x.elements(Float.self).baseAddress,
      let to = y.elements(Float.self).baseAddress
    else { return true }
    parameters.layout.forEachPiece { piece in
      for i in 0..<piece.count {
        let scale = parameters.scales[piece.parameter + i * piece.step]
        to[piece.start + i] = from[piece.start + i] * scale
      }
    }
  default: return false
  }
  return true
}

private func dequantize<Q: FixedWidthInteger>(
  _ x: Source, _ parameters: QuantizedParameters, _ y: Target, _: Q.Type
) {
  guard let from = x.elements(Q.self).baseAddress, let to = y.elements(Float.self).baseAddress
  else { return }
  let scales = parameters.scales, zeros = parameters.zeroPoints
  parameters.layout.forEachPiece { piece in
    let x = from + piece.start, y = to + piece.start, first = piece.parameter
    if piece.step == 0 {
      let scale = scales[first], zero = zeros[first]
      for i in 0..<piece.count { y[i] = Float(Int32(truncatingIfNeeded: x[i]) &- zero) * scale }
    } else {
      for i in 0..<piece.count {
        let difference = Int32(truncatingIfNeeded: x[i]) &- zeros[first + i]
        y[i] = Float(difference) * scales[first + i]
      }
    }
  }
}
