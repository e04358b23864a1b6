private import Glibc

/// Complex numbers as two lists.
package struct ComplexSignal: Sendable {
  package var real: [Double]
  package var imaginary: [Double]

  package init(real: [Double], imaginary: [Double]) {
    self.real = real
    self.imaginary = imaginary
  }

  init(zeros count: Int) {
    self.init(
      real: [Double](repeating: 0, count: count), imaginary: [Double](repeating: 0, count: count))
  }

  package var count: Int { real.count }
}

/// The discrete Fourier transform of signals of one length: Cooley and Tukey's algorithm where the
/// length is a power of two, else Bluestein's, which makes a convolution of it.
package struct FourierTransform: Sendable {
  private let length: Int
  private let isInverse: Bool
  /// e^(∓πi·k²/n), for Bluestein's algorithm.
  private var chirp = ComplexSignal(zeros: 0)
  /// The transform of the chirp's conjugate, over a power of two.
  private var filter = ComplexSignal(zeros: 0)

  /// - Parameter isInverse: whether exponents are positive and results divided by the length.
  package init(length: Int, isInverse: Bool) {
    self.length = length
    self.isInverse = isInverse
    guard length > 1, length & (length - 1) != 0 else { return }
    let sign = isInverse ? 1.0 : -1.0
    chirp = ComplexSignal(zeros: length)
    for k in 0..<length {
      let angle = sign * Double.pi * Double(k * k % (2 * length)) / Double(length)
      chirp.real[k] = cos(angle)
      chirp.imaginary[k] = sin(angle)
    }
    var padded = 1
    while padded < 2 * length - 1 { padded *= 2 }
    filter = ComplexSignal(zeros: padded)
    for k in 0..<length {
      for place in k == 0 ? [0] : [k, padded - k] {
        filter.real[place] = chirp.real[k]
        filter.imaginary[place] = -chirp.imaginary[k]
      }
    }
    Self.transform(&filter, sign: -1)
  }

  /// Transforms a signal of the length.
  package func callAsFunction(_ signal: ComplexSignal) -> ComplexSignal {
    guard signal.count == length, length > 0 else { return signal }
    var x = signal
    if chirp.count == 0 {
      Self.transform(&x, sign: isInverse ? 1 : -1)
    } else {
      x = convolved(signal)
    }
    guard isInverse else { return x }
    for k in 0..<length {
      x.real[k] /= Double(length)
      x.imaginary[k] /= Double(length)
    }
    return x
  }

  private func convolved(_ signal: ComplexSignal) -> ComplexSignal {
    let padded = filter.count
    var x = ComplexSignal(zeros: padded)
    for k in 0..<length {
      let (a, b, c, d) = (signal.real[k], signal.imaginary[k], chirp.real[k], chirp.imaginary[k])
      x.real[k] = a * c - b * d
      x.imaginary[k] = a * d + b * c
    }
    Self.transform(&x, sign: -1)
    for k in 0..<padded {
      let (a, b, c, d) = (x.real[k], x.imaginary[k], filter.real[k], filter.imaginary[k])
      x.real[k] = a * c - b * d
      x.imaginary[k] = a * d + b * c
    }
    Self.transform(&x, sign: 1)
    var result = ComplexSignal(zeros: length)
    for k in 0..<length {
      let (a, b) = (x.real[k] / Double(padded), x.imaginary[k] / Double(padded))
      let (c, d) = (chirp.real[k], chirp.imaginary[k])
      result.real[k] = a * c - b * d
      result.imaginary[k] = a * d + b * c
    }
    return result
  }

  /// In place, for powers of two, not divided by the length.
  private static func transform(_ x: inout ComplexSignal, sign: Double) {
    let n = x.count
    var reversed = 0
    for i in 0..<n {
      if i < reversed {
        x.real.swapAt(i, reversed)
        x.imaginary.swapAt(i, reversed)
      }
      var bit = n >> 1
      while bit > 0, reversed & bit != 0 {
        reversed ^= bit
        bit >>= 1
      }
      reversed |= bit
    }
    var half = 1
    while half < n {
      for k in 0..<half {
        let angle = sign * Double.pi * Double(k) / Double(half)
        let (c, s) = (cos(angle), sin(angle))
        for i in stride(from: k, to: n, by: 2 * half) {
          let j = i + half
          let a = x.real[j] * c - x.imaginary[j] * s
          let b = x.real[j] * s + x.imaginary[j] * c
          x.real[j] = x.real[i] - a
          x.imaginary[j] = x.imaginary[i] - b
          x.real[i] += a
          x.imaginary[i] += b
        }
      }
      half *= 2
    }
  }
}
