/// `y = x·factor[c] + offset[c]` over [outer, channels, inner]. `factor` and `offset` are computed
/// once a channel by the caller. Returns false for types other than float and double.
package func affine(
  _ x: Source, outer: Int, channels: Int, inner: Int, factor: [Double], offset: [Double],
  into y: Target
) -> Bool {
  guard x.scalar == y.scalar, x.count == y.count, x.count == outer * channels * inner,
    factor.count == channels, offset.count == channels
  else { return false }
  switch x.scalar {
  case .float:
    affine(x, outer, channels, inner, factor.map { Float($0) }, offset.map { Float($0) }, y)
  case .double: affine(x, outer, channels, inner, factor, offset, y)
  default: return false
  }
  return true
}

private func affine<T: BinaryFloatingPoint & Sendable>(
  _ x: Source, _ outer: Int, _ channels: Int, _ inner: Int, _ factor: [T], _ offset: [T],
  _ y: Target
) {
  guard let from = x.elements(T.self).baseAddress, let to = y.elements(T.self).baseAddress else {
    return
  }
  if inner == 1 {
    parallel(outer, grain: max(1, (1 << 15) / max(1, channels))) { rows in
      factor.withUnsafeBufferPointer { a in
        offset.withUnsafeBufferPointer { b in
          for row in rows {
            let x = from + row * channels, y = to + row * channels
            for c in 0..<channels { y[c] = x[c] * a[c] + b[c] }
          }
        }
      }
    }
    return
  }
  parallel(outer * channels, grain: max(1, (1 << 15) / max(1, inner))) { rows in
    for row in rows {
      let a = factor[row % channels], b = offset[row % channels]
      let x = from + row * inner, y = to + row * inner
      for i in 0..<inner { y[i] = x[i] * a + b }
    }
  }
}

/// Mean and variance a channel over [outer, channels, inner]; nil for types other than float and
/// double.
package func moments(
  _ x: Source, outer: Int, channels: Int, inner: Int
) -> (mean: [Double], variance: [Double])? {
  guard x.count == outer * channels * inner else { return nil }
  func run<T: BinaryFloatingPoint>(_ type: T.Type) -> (mean: [Double], variance: [Double]) {
    let values = x.bytes.base(T.self), count = Double(outer * inner)
    func sums(_ term: (Int, Double) -> Double) -> [Double] {
      (0..<channels).map { channel in
        var sum = 0.0
        for block in 0..<outer {
          let row = values + (block * channels + channel) * inner
          for i in 0..<inner { sum += term(channel, Double(row[i])) }
        }
        return sum / count
      }
    }
    let mean = sums { $1 }
    let variance = sums { channel, value in (value - mean[channel]) * (value - mean[channel]) }
    return (mean, variance)
  }
  switch x.scalar {
  case .float: return run(Float.self)
  case .double: return run(Double.self)
  default: return nil
  }
}

/// What rows are normalised by.
package enum RowStatistic: Sendable {
  /// Mean and variance.
  case variance
  /// The root of the mean square; the mean stays.
  case meanSquare
}

/// Normalises each of `rows` rows of `length` elements, then scales and shifts.
///
/// Element i of row r becomes `(x - mean)·inverse·scale + bias`, where scale and bias are taken at
/// `(r % rowPeriod)·parameterStep + i / repeats`. That covers LayerNormalization (period 1, repeats
/// 1), and Instance- and GroupNormalization (a row a group, `repeats` the spatial size).
package struct RowNormalization: Sendable {
  package var statistic: RowStatistic
  package var rows: Int
  package var length: Int
  package var epsilon: Double
  /// Empty where there is none.
  package var scale: [Double]
  /// Empty where there is none.
  package var bias: [Double]
  package var rowPeriod: Int
  package var parameterStep: Int
  package var repeats: Int

  package init(
    _ statistic: RowStatistic, rows: Int, length: Int, epsilon: Double, scale: [Double],
    bias: [Double], rowPeriod: Int = 1, parameterStep: Int = 0, repeats: Int = 1
  ) {
    self.statistic = statistic
    self.rows = rows
    self.length = length
    self.epsilon = epsilon
    self.scale = scale
    self.bias = bias
    self.rowPeriod = rowPeriod
    self.parameterStep = parameterStep
    self.repeats = repeats
  }

  /// How many parameters the rows refer to.
  private var parameters: Int {
    (rowPeriod - 1) * parameterStep + (length + repeats - 1) / max(1, repeats)
  }

  /// Normalises `x` into `y` and, where given, notes each row's mean and inverse deviation as
  /// floats. Returns false when types or counts do not fit.
  package func run(
    _ x: Source, into y: Target, mean: Target? = nil, inverse: Target? = nil
  ) -> Bool {
    guard x.scalar == y.scalar, x.count == y.count, x.count == rows * length, repeats > 0,
      rowPeriod > 0, scale.isEmpty || scale.count >= parameters,
      bias.isEmpty || bias.count >= parameters
    else { return false }
    for note in [mean, inverse] {
      guard let note else { continue }
      guard note.scalar == .float, note.count == rows else { return false }
    }
    let means = mean?.elements(Float.self).baseAddress
    let inverses = inverse?.elements(Float.self).baseAddress
    switch x.scalar {
    case .float: run(x, y, means, inverses, scale.map { Float($0) }, bias.map { Float($0) })
    case .double: run(x, y, means, inverses, scale, bias)
    default: return false
    }
    return true
  }

  private func run<T: BinaryFloatingPoint & Sendable & Accumulable>(
    _ x: Source, _ y: Target, _ means: UnsafeMutablePointer<Float>?,
    _ inverses: UnsafeMutablePointer<Float>?, _ scale: [T], _ bias: [T]
  ) where T.Wide == Double {
    guard let from = x.elements(T.self).baseAddress, let to = y.elements(T.self).baseAddress else {
      return
    }
    parallel(rows, grain: max(1, (1 << 14) / max(1, length))) { range in
      for row in range {
        let x = from + row * length, y = to + row * length
        let (mean, inverse) = moments(x)
        means?[row] = Float(mean)
        inverses?[row] = Float(inverse)
        write(x, y, T(mean), T(inverse), scale, bias, first: row % rowPeriod * parameterStep)
      }
    }
  }

  /// Mean (0 for the mean square) and 1 / deviation, in double precision.
  private func moments<T: Accumulable>(_ x: UnsafePointer<T>) -> (Double, Double)
  where T.Wide == Double {
    let count = Double(length)
    let mean = statistic == .variance ? foldRow(SumOf<T>.self, x, length) / count : 0
    var a = 0.0, b = 0.0
    var i = 0
    while i + 2 <= length {
      let p = x[i].wide - mean, q = x[i + 1].wide - mean
      a += p * p
      b += q * q
      i += 2
    }
    if i < length {
      let p = x[i].wide - mean
      a += p * p
    }
    return (mean, 1 / ((a + b) / count + epsilon).squareRoot())
  }

  private func write<T: BinaryFloatingPoint>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ mean: T, _ inverse: T, _ scale: [T],
    _ bias: [T], first: Int
  ) {
    scale.withUnsafeBufferPointer { scale in
      bias.withUnsafeBufferPointer { bias in
        if repeats == 1, scale.count > 0 {
          let hasBias = bias.count > 0
          for i in 0..<length { y[i] = (x[i] - mean) * inverse * scale[first + i] }
          if hasBias { for i in 0..<length { y[i] += bias[first + i] } }
          return
        }
        var start = 0
        while start < length {
          let end = min(start + repeats, length), position = first + start / repeats
          let factor = scale.count > 0 ? scale[position] : 1
          let offset = bias.count > 0 ? bias[position] : 0
          for i in start..<end { y[i] = (x[i] - mean) * inverse * factor + offset }
          start = end
        }
      }
    }
  }
}
