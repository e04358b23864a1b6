/// The cotangents of a quantizer's data and scales, where rounding counts as if it were not there and
/// what saturates passes nothing on: `g/s` and `-Σ g·x/s²` over what is inside the range.
///
/// Sums are formed in a fixed order. In float; false for other element types, and for scales of blocks.
///
/// - Parameters:
///   - g: the cotangent of the integers, as floats.
///   - range: the least and the largest integer.
package func quantizeGradient(
  _ g: Source, _ x: Source, _ parameters: QuantizedParameters, range: ClosedRange<Int32>,
  into dx: Target, scales ds: Target?
) -> Bool {
  guard x.scalar == .float, let given = x.elements(Float.self).baseAddress else {
    return x.scalar == .float && x.count == 0
  }
  let least = Float(range.lowerBound) - 0.5, most = Float(range.upperBound) + 0.5
  return back(g, x.count, parameters, dx, ds) { (place, scale, zero, g, dx) in
    let quotient = given[place] / scale
    let code = quotient + zero
    dx = code > least && code < most ? g / scale : 0
    return -(dx * quotient)
  }
}

/// The cotangents of what is dequantized and of its scales: `g·s` and `Σ g·(x - z)`.
///
/// Sums are formed in a fixed order. In float; false for other element types, and for scales of blocks.
package func dequantizeGradient(
  _ g: Source, _ x: Source, _ parameters: QuantizedParameters, into dx: Target, scales ds: Target?
) -> Bool {
  func run<Q: FixedWidthInteger>(_ type: Q.Type) -> Bool {
    guard let given = x.elements(type).baseAddress else { return x.count == 0 }
    return back(g, x.count, parameters, dx, ds) { (place, scale, zero, g, dx) in
      dx = g * scale
      return g * (Float(Int32(truncatingIfNeeded: given[place])) - zero)
    }
  }
  switch x.scalar {
  case .uint8: return run(UInt8.self)
  case .int8: return run(Int8.self)
  case .uint16: return run(UInt16.self)
  case .int16: return run(Int16.self)
  case .int32: return run(Int32.self)
  default: return false
  }
}

/// Calls a rule on each element, which gives the element's cotangent and what it adds to its scale's.
@inline(__always)
private func back(
  _ g: Source, _ count: Int, _ parameters: QuantizedParameters, _ dx: Target, _ ds: Target?,
  _ rule: (_ place: Int, _ scale: Float, _ zero: Float, _ g: Float, _ dx: inout Float) -> Float
) -> Bool {
  guard g.scalar == .float, dx.scalar == .float, ds?.scalar ?? .float == .float, g.count == count,
    dx.count == count, parameters.scales.count == parameters.layout.parameters,
    ds.map({ $0.count == parameters.scales.count }) ?? true,
    let spans = parameters.layout.spans
  else { return false }
  guard let g = g.elements(Float.self).baseAddress, let dx = dx.elements(Float.self).baseAddress
  else { return true }
  let zeros = parameters.zeroPoints.map { Float($0) }
  var sums = [Double](repeating: 0, count: parameters.scales.count)
  withUnsafeTemporaryAllocation(of: Float.self, capacity: chunk) { parts in
    guard let parts = parts.baseAddress else { return }
    for row in 0..<spans.outer * spans.length {
      let place = row % spans.length
      let scale = parameters.scales[place], zero = zeros[place]
      for start in stride(from: row * spans.inner, to: (row + 1) * spans.inner, by: chunk) {
        let length = min(chunk, (row + 1) * spans.inner - start)
        for i in 0..<length {
          parts[i] = rule(start + i, scale, zero, g[start + i], &dx[start + i])
        }
        sums[place] += sum(parts, length)
      }
    }
  }
  if let to = ds?.elements(Float.self).baseAddress {
    for place in sums.indices { to[place] = Float(sums[place]) }
  }
  return true
}

/// Elements whose parts are summed up in float.
private let chunk = 1024

/// The sum of numbers, in sixteen lanes.
private func sum(_ numbers: UnsafePointer<Float>, _ count: Int) -> Double {
  var lanes = SIMD16<Float>.zero
  let raw = UnsafeRawPointer(numbers)
  let whole = count / 16 * 16
  for place in stride(from: 0, to: whole, by: 16) {
    lanes += raw.loadUnaligned(fromByteOffset: 4 * place, as: SIMD16<Float>.self)
  }
  var total = Double(lanes.sum())
  for place in whole..<count { total += Double(numbers[place]) }
  return total
}
