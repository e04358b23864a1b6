private import Glibc

/// Softmax of floats widened from 16 bits, along the middle axis of a tensor seen as
/// [outer, length, inner]: rounded at each step of the operator's function body.
package func softmax(
  _ x: Source, outer: Int, length: Int, inner: Int, in format: HalfFormat, into y: Target
) -> Bool {
  guard x.scalar == .float, y.scalar == .float, x.count == y.count,
    x.count == outer * length * inner
  else { return false }
  guard let from = x.elements(Float.self).baseAddress, length > 0,
    let to = y.elements(Float.self).baseAddress
  else { return true }
  parallel(outer * inner, grain: max(1, (1 << 12) / length)) { lines in
    for line in lines {
      let start = line / inner * length * inner + line % inner
      let x = from + start, y = to + start
      var top = -Float.infinity
      for i in 0..<length { top = larger(top, x[i * inner]) }
      for i in 0..<length {
        y[i * inner] = format.rounded(expf(format.rounded(x[i * inner] - top)))
      }
      let sum = format.sum(length) { y[$0 * inner] }
      for i in 0..<length { y[i * inner] = format.rounded(y[i * inner] / sum) }
    }
  }
  return true
}

/// Softmax, or its logarithm, along the middle axis of a tensor seen as [outer, length, inner].
/// Returns false for types other than float and double.
package func softmax(
  _ x: Source, outer: Int, length: Int, inner: Int, logarithm: Bool, into y: Target
) -> Bool {
  guard x.scalar == y.scalar, x.count == y.count, x.count == outer * length * inner else {
    return false
  }
  switch x.scalar {
  case .float:
    guard let from = x.elements(Float.self).baseAddress, length > 0,
      let to = y.elements(Float.self).baseAddress
    else { return true }
    if inner == 1 {
      parallel(outer, grain: max(1, (1 << 13) / length)) { rows in
        for row in rows { softmaxRow(from + row * length, to + row * length, length, logarithm) }
      }
    } else {
      softmaxColumns(from, to, outer, length, inner, logarithm)
    }
    return true
  case .double:
    guard let from = x.elements(Double.self).baseAddress, length > 0,
      let to = y.elements(Double.self).baseAddress
    else { return true }
    for o in 0..<outer {
      for i in 0..<inner {
        let start = o * length * inner + i
        softmaxStrided(from + start, to + start, length, inner, logarithm)
      }
    }
    return true
  default: return false
  }
}

private func softmaxRow(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int, _ logarithm: Bool
) {
  var top = -Float.infinity
  for i in 0..<n { top = larger(top, x[i]) }
  let shift = top
  if logarithm {
    var sum = 0.0
    for i in 0..<n { sum += Double(fastExp(x[i] - shift)) }
    let offset = Float(log(sum))
    for i in 0..<n { y[i] = x[i] - shift - offset }
    return
  }
  for i in 0..<n { y[i] = fastExp(x[i] - shift) }
  // Four sums, so that additions do not wait for one another.
  var a = 0.0, b = 0.0, c = 0.0, d = 0.0
  var i = 0
  while i + 4 <= n {
    a += Double(y[i])
    b += Double(y[i + 1])
    c += Double(y[i + 2])
    d += Double(y[i + 3])
    i += 4
  }
  while i < n {
    a += Double(y[i])
    i += 1
  }
  let sum = Float((a + b) + (c + d))
  for i in 0..<n { y[i] /= sum }
}

/// Rows of `inner` neighbouring columns at a time, so that memory is read in order.
private func softmaxColumns(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ outer: Int, _ length: Int,
  _ inner: Int, _ logarithm: Bool
) {
  guard length > 0 else { return }
  let width = 256
  let blocks = (inner + width - 1) / width
  parallel(outer * blocks, grain: max(1, (1 << 13) / max(1, length * min(width, inner)))) { items in
    let top = UnsafeMutablePointer<Float>.allocate(capacity: width)
    let sum = UnsafeMutablePointer<Float>.allocate(capacity: width)
    defer {
      top.deallocate()
      sum.deallocate()
    }
    for item in items {
      let start = item / blocks * length * inner + item % blocks * width
      let n = min(width, inner - item % blocks * width)
      let x = x + start, y = y + start
      top.update(repeating: -.infinity, count: n)
      sum.update(repeating: 0, count: n)
      for line in 0..<length {
        let row = x + line * inner
        for i in 0..<n { top[i] = larger(top[i], row[i]) }
      }
      for line in 0..<length {
        let row = x + line * inner, out = y + line * inner
        for i in 0..<n {
          let shifted = row[i] - top[i]
          let value = fastExp(shifted)
          sum[i] += value
          out[i] = logarithm ? shifted : value
        }
      }
      if logarithm { for i in 0..<n { sum[i] = log(sum[i]) } }
      for line in 0..<length {
        let out = y + line * inner
        if logarithm {
          for i in 0..<n { out[i] -= sum[i] }
        } else {
          for i in 0..<n { out[i] /= sum[i] }
        }
      }
    }
  }
}

private func softmaxStrided(
  _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ n: Int, _ stride: Int,
  _ logarithm: Bool
) {
  var top = -Double.infinity
  for i in 0..<n { top = larger(top, x[i * stride]) }
  var sum = 0.0
  for i in 0..<n { sum += exp(x[i * stride] - top) }
  let offset = log(sum)
  for i in 0..<n {
    let shifted = x[i * stride] - top
    y[i * stride] = logarithm ? shifted - offset : exp(shifted) / sum
  }
}
