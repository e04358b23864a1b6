private import Glibc
internal import IR

/// Which factors a value is best divided by, found from what its channels were and from the weights
/// they meet.
struct SmoothingChoice {
  /// The largest magnitude and the mean square of each channel.
  let peaks: [Double]
  let squares: [Double]
  /// For each reader its weight with a row a channel.
  private let weights: [[[Float]]]
  /// How many steps the integers have on one side.
  private let weightPeak: Double
  private let activationSteps: Double

  init(
    peaks: [Double], squares: [Double], _ readers: [Smoothing.Reader],
    _ target: QuantizationTarget
  ) {
    self.peaks = peaks
    self.squares = squares
    weights = readers.map { reader in
      let rows = reader.tensor.dimensions[reader.inner]
      let columns = reader.tensor.dimensions[reader.outer]
      let values = reader.tensor.floats ?? []
      return (0..<rows).map { row in
        (0..<columns).map { column in
          values[reader.inner == 0 ? row * columns + column : column * rows + row]
        }
      }
    }
    let grid = target.weights
    weightPeak = Double(min(grid.peak, grid.pairPeak.map { $0 / 2 } ?? grid.peak))
    let bounds = target.activations.bounds
    activationSteps = Double(bounds.upperBound - bounds.lowerBound) / 2
  }

  /// The exponents that are tried, and how many times less has to be lost for a product more to pay.
  private static let exponents = [0.25, 0.4, 0.5, 0.6, 0.75, 0.9]
  private static let worthwhile = 1.5

  /// The factors with which least is lost; nil where none loses much less than without.
  var factors: [Float]? {
    let channels = peaks.count
    var largest = [Double](repeating: 0, count: channels)
    for weight in weights {
      for row in 0..<channels {
        for value in weight[row] { largest[row] = max(largest[row], Double(value.magnitude)) }
      }
    }
    let plain = loss([Double](repeating: 1, count: channels))
    var best: (factors: [Double], loss: Double)?
    for exponent in Self.exponents {
      let own = (0..<channels).map { row -> Double in
        guard peaks[row] > 0, largest[row] > 0 else { return 1 }
        let factor = pow(peaks[row], exponent) / pow(largest[row], 1 - exponent)
        return min(max(factor, 1e-3), 1e3)
      }
      let found = loss(own)
      if found < best?.loss ?? .infinity { best = (own, found) }
    }
    guard let best, best.loss.isFinite, best.loss * Self.worthwhile < plain else { return nil }
    return best.factors.map { Float($0) }
  }

  /// The mean square of what rounding the value and the weights takes from the products: a step's
  /// square over 12 for each, times the mean square of what it is multiplied by.
  private func loss(_ factors: [Double]) -> Double {
    let reach = peaks.indices.map { peaks[$0] / factors[$0] }.max() ?? 0
    let step = reach / activationSteps
    let seen = squares.indices.map { squares[$0] / (factors[$0] * factors[$0]) }.reduce(0, +)
    var sum = 0.0
    for weight in weights {
      let columns = weight.first?.count ?? 0
      var energy = 0.0
      var tops = [Double](repeating: 0, count: columns)
      for row in weight.indices {
        let factor = factors[row]
        for column in 0..<columns {
          let value = Double(weight[row][column].magnitude) * factor
          energy += value * value
          tops[column] = max(tops[column], value)
        }
      }
      sum += step * step * energy
      sum += tops.reduce(0) { $0 + $1 * $1 } / (weightPeak * weightPeak) * seen
    }
    return sum / 12
  }
}
