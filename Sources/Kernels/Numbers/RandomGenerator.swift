private import Glibc

/// The Mersenne Twister of Matsumoto and Nishimura, with the distributions of NumPy's
/// `RandomState`, which ONNX's reference evaluator draws from: the same seed gives the same numbers
/// as there.
package struct RandomGenerator {
  private var state = [UInt32](repeating: 0, count: 624)
  private var next = 624
  private var spare: Double?

  package init(seed: UInt32) {
    state[0] = seed
    for i in 1..<624 {
      state[i] = 1_812_433_253 &* (state[i - 1] ^ state[i - 1] >> 30) &+ UInt32(i)
    }
  }

  private mutating func bits() -> UInt32 {
    if next == 624 {
      for i in 0..<624 {
        let mixed = state[i] & 0x8000_0000 | state[(i + 1) % 624] & 0x7FFF_FFFF
        state[i] = state[(i + 397) % 624] ^ mixed >> 1 ^ (mixed & 1 == 0 ? 0 : 0x9908_B0DF)
      }
      next = 0
    }
    var y = state[next]
    next += 1
    y ^= y >> 11
    y ^= y << 7 & 0x9D2C_5680
    y ^= y << 15 & 0xEFC6_0000
    return y ^ y >> 18
  }

  /// Uniform in [0, 1), with 53 bits.
  package mutating func uniform() -> Double {
    let high = Double(bits() >> 5), low = Double(bits() >> 6)
    return (high * 67_108_864 + low) / 9_007_199_254_740_992
  }

  /// Standard normal, by Marsaglia's polar method.
  package mutating func normal() -> Double {
    if let value = spare {
      spare = nil
      return value
    }
    while true {
      let a = 2 * uniform() - 1, b = 2 * uniform() - 1
      let square = a * a + b * b
      guard square > 0, square < 1 else { continue }
      let factor = (-2 * log(square) / square).squareRoot()
      spare = factor * a
      return factor * b
    }
  }

  /// 1 with probability `p`, else 0.
  package mutating func bernoulli(_ p: Double) -> Double {
    guard p > 0 else { return 0 }
    let drawn = uniform()
    return p <= 0.5 ? (drawn > 1 - p ? 1 : 0) : (drawn > p ? 0 : 1)
  }
}
