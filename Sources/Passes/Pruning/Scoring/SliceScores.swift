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

/// How the slices of a weight lie among its elements: in each of `sections` parts there are `outer`
/// blocks of `length` runs of `inner` elements, and the runs in one place of their blocks make up a
/// slice.
struct SliceLayout {
  let sections: Int
  let outer: Int
  let length: Int
  let inner: Int

  /// Nil where the form does not fit the dimensions.
  init?(_ dimensions: [Int], _ form: SliceForm) {
    switch form {
    case .axis(let axis):
      guard dimensions.indices.contains(axis) else { return nil }
      let span = AxisSpan(dimensions, axis: axis)
      (sections, outer, length, inner) = (1, span.outer, span.length, span.inner)
    case .columns(let groups):
      guard dimensions.count >= 2, groups > 0, dimensions[0] % groups == 0 else { return nil }
      let span = AxisSpan(dimensions, axis: 1)
      (sections, outer, length, inner) = (groups, span.outer / groups, span.length, span.inner)
    }
  }

  /// The number of slices.
  var count: Int { sections * length }
  /// The elements of a slice.
  var elementsInSlice: Int { outer * inner }
}

extension SliceMeasure {
  /// Adds the elements of some slices, which are `Float` at any address, to what was measured of
  /// them: `results` has a place for every slice.
  func add(
    _ values: UnsafeRawBufferPointer, _ layout: SliceLayout, _ slices: Range<Int>,
    to results: UnsafeMutablePointer<Double>
  ) {
    guard let values = values.baseAddress else { return }
    switch self {
    case .magnitude: layout.measure(Magnitude.self, values, slices, results)
    case .square: layout.measure(Square.self, values, slices, results)
    case .peak: layout.measure(Peak.self, values, slices, results)
    }
  }
}

extension SliceLayout {
  @inline(__always)
  fileprivate func measure<M: RunMeasure>(
    _ kind: M.Type, _ values: UnsafeRawPointer, _ slices: Range<Int>,
    _ results: UnsafeMutablePointer<Double>
  ) {
    let size = MemoryLayout<Float>.size
    for section in 0..<sections {
      let part = slices.clamped(to: section * length..<(section + 1) * length)
      guard !part.isEmpty else { continue }
      let target = results + part.lowerBound
      for block in 0..<outer {
        // Runs are numbered through: those of the sections before come first.
        let run = section * (outer - 1) * length + block * length + part.lowerBound
        let start = values + run * inner * size
        if inner == 1 {
          for index in 0..<part.count {
            let value = start.loadUnaligned(fromByteOffset: index * size, as: Float.self)
            target[index] = M.join(target[index], Double(M.term(value)))
          }
        } else {
          for index in 0..<part.count {
            target[index] = M.join(target[index], M.run(start + index * inner * size, inner))
          }
        }
      }
    }
  }
}

/// How runs of elements are measured.
private protocol RunMeasure {
  /// What one element counts.
  static func term(_ value: Float) -> Float
  /// The measure of a run of elements at any address.
  static func run(_ values: UnsafeRawPointer, _ count: Int) -> Double
  /// The measure of two runs together.
  static func join(_ a: Double, _ b: Double) -> Double
}

private protocol SumMeasure: RunMeasure {
  static func term(_ values: SIMD8<Float>) -> SIMD8<Float>
}

extension SumMeasure {
  @inline(__always)
  static func join(_ a: Double, _ b: Double) -> Double { a + b }

  /// Eight partial sums in a fixed order, so that the loop vectorises and the result is the same on
  /// every machine.
  @inline(__always)
  static func run(_ values: UnsafeRawPointer, _ count: Int) -> Double {
    let size = MemoryLayout<Float>.size
    var partial = SIMD8<Float>.zero
    var index = 0
    while index + 8 <= count {
      partial += term(values.loadUnaligned(fromByteOffset: index * size, as: SIMD8<Float>.self))
      index += 8
    }
    var total = 0.0
    for lane in 0..<8 { total += Double(partial[lane]) }
    while index < count {
      total += Double(term(values.loadUnaligned(fromByteOffset: index * size, as: Float.self)))
      index += 1
    }
    return total
  }
}

private enum Magnitude: SumMeasure {
  @inline(__always)
  static func term(_ value: Float) -> Float { value.magnitude }
  @inline(__always)
  static func term(_ values: SIMD8<Float>) -> SIMD8<Float> {
    values.replacing(with: -values, where: values .< 0)
  }
}

private enum Square: SumMeasure {
  @inline(__always)
  static func term(_ value: Float) -> Float { value * value }
  @inline(__always)
  static func term(_ values: SIMD8<Float>) -> SIMD8<Float> { values * values }
}

private enum Peak: RunMeasure {
  @inline(__always)
  static func term(_ value: Float) -> Float { value.magnitude }
  @inline(__always)
  static func join(_ a: Double, _ b: Double) -> Double { max(a, b) }

  @inline(__always)
  static func run(_ values: UnsafeRawPointer, _ count: Int) -> Double {
    let size = MemoryLayout<Float>.size
    var peak = SIMD8<Float>.zero
    var index = 0
    while index + 8 <= count {
      let lanes = values.loadUnaligned(fromByteOffset: index * size, as: SIMD8<Float>.self)
      let magnitudes = lanes.replacing(with: -lanes, where: lanes .< 0)
      peak = peak.replacing(with: magnitudes, where: magnitudes .> peak)
      index += 8
    }
    var result = 0.0
    for lane in 0..<8 { result = max(result, Double(peak[lane])) }
    while index < count {
      let value = values.loadUnaligned(fromByteOffset: index * size, as: Float.self)
      result = max(result, Double(value.magnitude))
      index += 1
    }
    return result
  }
}
