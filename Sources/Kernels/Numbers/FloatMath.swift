// Elementary functions of Float without branches or calls, so that loops over them vectorise on any
// processor. Polynomials are minimax fits made for these intervals; each function is within a few
// units in the last place of the exact value. Rounding to an integer adds and subtracts 1.5·2²³.

/// eˣ, correct for NaN, infinities, overflow and subnormal results.
@inline(__always)
func fastExp(_ x: Float) -> Float {
  let high = x > 89 ? 89 : x
  let clamped = high < -104 ? -104 : high
  let shifted = clamped * 1.442_695_04 + 12_582_912
  let n = shifted - 12_582_912
  // ln 2 in two parts: the first has few bits, so that its product with n is exact.
  let r = clamped - n * 0.693_359_375 + n * 2.121_944_4e-4
  var p: Float = 0.001_395_171_5
  p = p * r + 0.008_369_599
  p = p * r + 0.041_666_187
  p = p * r + 0.166_665_12
  p = p * r + 0.5
  let value = p * (r * r) + r + 1
  // 2ⁿ as a product of two normal powers, since n reaches 128 and -150.
  let exponent = Int32(bitPattern: shifted.bitPattern) &- 0x4B40_0000
  let half = exponent &>> 1
  let rest = exponent &- half
  let scale = Float(bitPattern: UInt32(bitPattern: (half &+ 127) &<< 23))
  let again = Float(bitPattern: UInt32(bitPattern: (rest &+ 127) &<< 23))
  return value * scale * again
}

/// 1 / (1 + e⁻ˣ).
@inline(__always)
func fastSigmoid(_ x: Float) -> Float { 1 / (1 + fastExp(-x)) }

/// Hyperbolic tangent.
@inline(__always)
func fastTanh(_ x: Float) -> Float {
  let a = Swift.abs(x)
  let z = x * x
  var p: Float = 0.002_097_714_2
  p = p * z - 0.008_128_992
  p = p * z + 0.021_681_638
  p = p * z - 0.053_943_4
  p = p * z + 0.133_331_8
  p = p * z - 0.333_333_31
  let near = x + x * z * p
  let far = 1 - 2 / (fastExp(2 * a) + 1)
  return a < 0.625 ? near : (x < 0 ? -far : far)
}

/// The error function.
@inline(__always)
func fastErf(_ x: Float) -> Float {
  let a = Swift.abs(x)
  let z = x * x
  var p: Float = -9.558_523e-6
  p = p * z + 1.122_944_95e-4
  p = p * z - 8.479_265e-4
  p = p * z + 0.005_220_717_3
  p = p * z - 0.026_865_326
  p = p * z + 0.112_837_806
  p = p * z - 0.376_126_38
  p = p * z + 1.128_379_2
  let near = x * p
  // 1 - e^-q(a - 2.5), where q = -ln erfc; from 4 on erf is 1 to single precision.
  let u = (a > 4 ? 4 : a) - 2.5
  var q: Float = 2.168_689_4e-5
  q = q * u - 6.181_621_6e-5
  q = q * u + 4.309_159_7e-4
  q = q * u - 0.002_166_521_7
  q = q * u + 0.010_853_5
  q = q * u + 0.943_891_82
  q = q * u + 5.352_680_7
  q = q * u + 7.806_815
  let far = 1 - fastExp(-q)
  return a < 1 ? near : (x < 0 ? -far : far)
}
