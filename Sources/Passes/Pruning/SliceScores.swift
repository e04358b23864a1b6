internal import IR

/// What is measured of the elements of a slice of a weight.
enum SliceMeasure {
  /// The sum of magnitudes.
  case magnitude
  /// The sum of squares.
  case square
  /// The greatest magnitude.
  case peak
}

extension Tensor {
  /// The measure of each slice along an axis; nil for tensors without numbers.
  func measures(_ measure: SliceMeasure, along axis: Int) -> [Double]? {
    let length = dimensions[axis]
    let inner = dimensions[(axis + 1)...].reduce(1, *)
    let outer = dimensions[..<axis].reduce(1, *)
    return withFloats { values in
      var results = [Double](repeating: 0, count: length)
      for block in 0..<outer {
        for index in 0..<length {
          let start = (block * length + index) * inner
          measure.add(values, start, inner, to: &results[index])
        }
      }
      return results
    }
  }

  /// The measure of each column of a grouped convolution's weight, for the channel that it serves in
  /// its group: channel g·n + j reads column j in the rows of group g.
  func measures(_ measure: SliceMeasure, groups: Int) -> [Double]? {
    let columns = dimensions[1]
    let rows = dimensions[0] / groups
    let inner = dimensions[2...].reduce(1, *)
    return withFloats { values in
      var results = [Double](repeating: 0, count: groups * columns)
      for row in 0..<groups * rows {
        for column in 0..<columns {
          let start = (row * columns + column) * inner
          measure.add(values, start, inner, to: &results[row / rows * columns + column])
        }
      }
      return results
    }
  }

  /// The sum of the distances of each slice along an axis to all others (FPGM: what lies near the
  /// geometric median of its layer is best replaced by the rest).
  func distances(along axis: Int) -> [Double]? {
    let length = dimensions[axis]
    let inner = dimensions[(axis + 1)...].reduce(1, *)
    let outer = dimensions[..<axis].reduce(1, *)
    return withFloats { values in
      var results = [Double](repeating: 0, count: length)
      for a in 0..<length {
        for b in 0..<a {
          var sum = 0.0
          for block in 0..<outer {
            let one = (block * length + a) * inner, other = (block * length + b) * inner
            sum += squaredDistance(values, one, other, inner)
          }
          results[a] += sum.squareRoot()
          results[b] += sum.squareRoot()
        }
      }
      return results
    }
  }

  private func withFloats(_ body: (UnsafeBufferPointer<Float>) -> [Double]) -> [Double]? {
    if elementType == .float, let storage {
      defer { storage.releasePages() }
      return storage.aligned(to: 4).withUnsafeBytes { body($0.bindMemory(to: Float.self)) }
    }
    return (floats ?? integers?.map { Float($0) })?.withUnsafeBufferPointer { body($0) }
  }
}

extension SliceMeasure {
  /// Adds a run of elements to what was measured of a slice.
  fileprivate func add(
    _ values: UnsafeBufferPointer<Float>, _ start: Int, _ count: Int, to result: inout Double
  ) {
    switch self {
    case .magnitude: result += sum(values, start, count) { $0.replacing(with: -$0, where: $0 .< 0) }
    case .square: result += sum(values, start, count) { $0 * $0 }
    case .peak:
      for index in start..<start + count { result = max(result, Double(abs(values[index]))) }
    }
  }
}

/// Eight partial sums in a fixed order, so that the loop vectorises and the result is the same on
/// every machine.
@inline(__always)
private func sum(
  _ values: UnsafeBufferPointer<Float>, _ start: Int, _ count: Int,
  _ term: (SIMD8<Float>) -> SIMD8<Float>
) -> Double {
  var partial = SIMD8<Float>.zero
  var index = start
  let end = start + count
  while index + 8 <= end {
    var lanes = SIMD8<Float>.zero
    for lane in 0..<8 { lanes[lane] = values[index + lane] }
    partial += term(lanes)
    index += 8
  }
  var rest = SIMD8<Float>.zero
  for lane in 0..<end - index { rest[lane] = values[index + lane] }
  rest = term(rest)
  var total = 0.0
  for lane in 0..<8 { total += Double(partial[lane]) }
  for lane in 0..<8 { total += Double(rest[lane]) }
  return total
}

private func squaredDistance(
  _ values: UnsafeBufferPointer<Float>, _ a: Int, _ b: Int, _ count: Int
) -> Double {
  var partial = SIMD8<Float>.zero
  var offset = 0
  while offset + 8 <= count {
    var difference = SIMD8<Float>.zero
    for lane in 0..<8 { difference[lane] = values[a + offset + lane] - values[b + offset + lane] }
    partial += difference * difference
    offset += 8
  }
  var total = 0.0
  for lane in 0..<8 { total += Double(partial[lane]) }
  while offset < count {
    let difference = Double(values[a + offset]) - Double(values[b + offset])
    total += difference * difference
    offset += 1
  }
  return total
}
