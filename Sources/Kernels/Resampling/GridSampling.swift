/// How elements of a grid between and beyond those of an input are found, along any number of axes.
package struct GridSampler: Sendable {
  package enum Mode: Sendable { case nearest, linear, cubic }
  package enum Padding: Sendable { case zeros, border, reflection }

  package var mode: Mode
  package var padding: Padding
  /// Whether -1 and 1 mean the middles of the outermost elements rather than their edges.
  package var alignsCorners: Bool
  /// The input's spatial lengths, none of them 0.
  package var lengths: [Int]

  package init(mode: Mode, padding: Padding, alignsCorners: Bool, lengths: [Int]) {
    self.mode = mode
    self.padding = padding
    self.alignsCorners = alignsCorners
    self.lengths = lengths
  }

  /// An element of a plane and its weight.
  package typealias Tap = (place: Int, weight: Double)

  /// What a position takes from a plane.
  ///
  /// - Parameters:
  ///   - position: a coordinate an axis, the innermost axis first, from -1 to 1.
  ///   - single: whether coordinates are computed in single precision, which decides which element
  ///     is nearest.
  package func taps(at position: ArraySlice<Double>, single: Bool) -> [Tap] {
    single ? taps(position.map { Float($0) }) : taps(Array(position))
  }

  private func taps<T: BinaryFloatingPoint>(_ position: [T]) -> [Tap] {
    var taps: [Tap] = [(0, 1)]
    for (axis, length) in lengths.enumerated() {
      let along = self.taps(position[lengths.count - 1 - axis], length)
      taps = taps.flatMap { tap in
        along.map { (tap.place * length + $0.place, tap.weight * $0.weight) }
      }
    }
    return taps
  }

  /// What a coordinate takes from one axis.
  private func taps<T: BinaryFloatingPoint>(_ given: T, _ length: Int) -> [Tap] {
    let extent = T(length)
    let asked = alignsCorners ? (given + 1) / 2 * (extent - 1) : ((given + 1) * extent - 1) / 2
    // Far away and not a number: what is nearest still has to be an index.
    var x = asked.isNaN ? -1 : min(max(asked, -T(1 << 22)), T(1 << 22))
    if mode == .nearest { x = x.rounded(.toNearestOrEven) }
    // A cubic's weights are those of the position asked for; its elements are brought inside one by
    // one, as in PyTorch and ONNX Runtime.
    let staysOutside = mode == .cubic && padding == .border
    if !staysOutside, Double(x) < low || Double(x) > high(length) { x = inside(x, length) }
    switch mode {
    case .nearest: return pixel(Int(x), length, 1)
    case .linear:
      let first = x.rounded(.down), part = Double(x - first)
      return pixel(Int(first), length, 1 - part) + pixel(Int(first) + 1, length, part)
    case .cubic:
      let first = x.rounded(.down), part = Double(x - first)
      let weights = Self.cubic(part)
      return (0..<4).flatMap { pixel(Int(first) - 1 + $0, length, weights[$0]) }
    }
  }

  /// The edges of an axis.
  private var low: Double { alignsCorners ? 0 : -0.5 }
  private func high(_ length: Int) -> Double { Double(length) - (alignsCorners ? 1 : 0.5) }

  /// A coordinate beyond the edges brought inside.
  private func inside<T: BinaryFloatingPoint>(_ x: T, _ length: Int) -> T {
    switch padding {
    case .zeros: return x
    case .border: return min(max(x, 0), T(length - 1))
    case .reflection: return T(reflected(Double(x), length))
    }
  }

  /// A coordinate mirrored at the edges until it lies between them.
  private func reflected(_ x: Double, _ length: Int) -> Double {
    let (low, high) = (low, high(length))
    let range = high - low
    guard range > 0 else { return low }
    guard x < low || x > high else { return x }
    let distance = x < low ? low - x : x - high
    let turns = (distance / range).rounded(.down)
    let rest = distance - turns * range
    let startsLow = (x < low) == (turns.truncatingRemainder(dividingBy: 2) == 0)
    return startsLow ? low + rest : high - rest
  }

  /// One element, wherever an index beyond the edges leads to.
  private func pixel(_ index: Int, _ length: Int, _ weight: Double) -> [Tap] {
    if (0..<length).contains(index) { return [(index, weight)] }
    switch padding {
    case .zeros: return []
    case .border: return [(min(max(index, 0), length - 1), weight)]
    case .reflection:
      let place = Int(reflected(Double(index), length))
      return [(min(max(place, 0), length - 1), weight)]
    }
  }

  /// Keys' weights of four neighbours, with coefficient -0.75.
  private static func cubic(_ x: Double) -> [Double] {
    let a = -0.75
    func far(_ x: Double) -> Double { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    func near(_ x: Double) -> Double { ((a + 2) * x - (a + 3)) * x * x + 1 }
    return [far(x + 1), near(x), near(1 - x), far(2 - x)]
  }
}

/// Samples planes at positions.
///
/// - Parameters:
///   - planes: how many planes lie one after another in `x`.
///   - taps: what each position takes from a plane.
///   - size: the number of elements of a plane.
/// - Returns: for each plane, a number a position.
package func sample(
  _ taps: [[GridSampler.Tap]], planes: Int, size: Int, _ x: ArraySlice<Double>
) -> [Double] {
  var y: [Double] = []
  y.reserveCapacity(planes * taps.count)
  for plane in 0..<planes {
    let start = x.startIndex + plane * size
    for position in taps {
      y.append(position.reduce(0) { $0 + $1.weight * x[start + $1.place] })
    }
  }
  return y
}
