private import Glibc
internal import IR
internal import Operators

/// Which factors a value is best divided by, found from what its channels were and from the weights
/// they meet.
struct SmoothingChoice {
  private let seen: ChannelSpread.Seen
  private let weights: [ReaderSpread]
  /// How many times less has to be lost for factors to pay.
  private let worthwhile: Double
  /// What clamps behind the layer hold values to.
  private let bound: Double
  /// How many steps the integers have on one side.
  private let weightPeak: Double
  private let activationSteps: Double

  /// - Parameter source: the layer that can be divided; without one the division costs a product, and
  ///   has to gain more.
  init(
    _ seen: ChannelSpread.Seen, _ readers: [Smoothing.Reader], _ source: Smoothing.Source?,
    _ target: QuantizationTarget
  ) {
    self.seen = seen
    weights = readers.map(ReaderSpread.init)
    worthwhile = source == nil ? 1.5 : 1.25
    bound = Double(source?.bound ?? .infinity)
    let grid = target.weights
    weightPeak = Double(min(grid.peak, grid.pairPeak.map { $0 / 2 } ?? grid.peak))
    let bounds = target.activations.bounds
    let isOneSided = !seen.hasNegatives && !target.activations.isSymmetric
    activationSteps = Double(bounds.upperBound - bounds.lowerBound) / (isOneSided ? 1 : 2)
  }

  /// The exponents that are tried.
  private static let exponents = [0.25, 0.4, 0.5, 0.6, 0.75, 0.9]

  /// How many times further than values reached a clamp has to be: samples not seen reach further, and
  /// would be held by the bound of another channel.
  private static let headroom = 2.0

  /// The factors with which least is lost; nil where none loses much less than without.
  var factors: [Float]? {
    let peaks = seen.peaks
    let largest = peaks.indices.map { channel in
      weights.lazy.map { $0.largest[channel] }.max() ?? 0
    }
    let reach = peaks.max() ?? 0
    guard reach > 0, reach * Self.headroom <= bound else { return nil }
    let plain = loss([Double](repeating: 1, count: peaks.count))
    var best: (factors: [Double], loss: Double)?
    for exponent in Self.exponents {
      let own = fitted(
        peaks.indices.map { channel -> Double in
          guard peaks[channel] > 0, largest[channel] > 0 else { return 1 }
          let factor = pow(peaks[channel], exponent) / pow(largest[channel], 1 - exponent)
          return min(max(factor, 1e-3), 1e3)
        }, reach)
      let found = loss(own)
      if found < best?.loss ?? .infinity { best = (own, found) }
    }
    guard let best, best.loss.isFinite, best.loss * worthwhile < plain else { return nil }
    return best.factors.map { Float($0) }
  }

  /// The factors, brought to the reach that there was where a clamp stands behind the layer: its bound
  /// is then as far from all channels as it was from the largest.
  private func fitted(_ factors: [Double], _ reach: Double) -> [Double] {
    guard bound.isFinite else { return factors }
    let now = factors.indices.map { seen.peaks[$0] / factors[$0] }.max() ?? 0
    return now > 0 ? factors.map { $0 * now / reach } : factors
  }

  /// The mean square of what rounding the value and the weights takes from the sums: a step's square
  /// over 12 for each, times the mean square of what it is multiplied by.
  private func loss(_ factors: [Double]) -> Double {
    let reach = factors.indices.map { seen.peaks[$0] / factors[$0] }.max() ?? 0
    let step = reach / activationSteps
    let squares = seen.squares
    let divided = factors.indices.map { squares[$0] / (factors[$0] * factors[$0]) }
    return weights.reduce(0) { sum, weight in
      sum + step * step * weight.energy(factors)
        + weight.rounding(factors, divided) / (weightPeak * weightPeak)
    } / 12
  }
}

/// What of a weight decides what rounding costs.
struct ReaderSpread {
  private let layout: WeightLayout
  /// The largest magnitude that leads from an input of its group to an output, outputs first.
  private var tops: [Float]
  private var energies: [Double]
  /// The largest magnitude that a channel meets.
  private(set) var largest: [Double]

  init(_ reader: Smoothing.Reader) {
    layout = reader.layout
    tops = [Float](repeating: 0, count: layout.outputs * layout.inputs)
    energies = [Double](repeating: 0, count: reader.channels)
    largest = energies
    for (place, element) in (reader.tensor.floats ?? []).enumerated() {
      let (output, input) = layout.channels(at: place)
      let top = output * layout.inputs + input % layout.inputs
      tops[top] = max(tops[top], element.magnitude)
      energies[input] += Double(element) * Double(element)
      largest[input] = max(largest[input], Double(element.magnitude))
    }
  }

  /// The squares of all elements of the weight times factors.
  func energy(_ factors: [Double]) -> Double {
    zip(energies, factors).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
  }

  /// For each output the square of its largest weight times the squares of what it sees, with a scale
  /// an output.
  func rounding(_ factors: [Double], _ squares: [Double]) -> Double {
    let share = layout.outputs / layout.groups
    var sum = 0.0
    for output in 0..<layout.outputs {
      let first = output / share * layout.inputs
      var top = 0.0, seen = 0.0
      for input in 0..<layout.inputs {
        top = max(top, Double(tops[output * layout.inputs + input]) * factors[first + input])
        seen += squares[first + input]
      }
      sum += top * top * seen
    }
    return sum * Double(layout.taps)
  }
}
