internal import IR

/// What a classifier says of each sample: a row of scores.
package struct ScoreRows: Sendable {
  /// The number of classes; 0 before the first row.
  package private(set) var width = 0
  /// Rows one after another.
  package private(set) var values: [Float] = []

  /// No rows.
  package init() {}

  /// Rows of so many scores.
  package init(_ values: [Float], width: Int) {
    self.values = values
    self.width = width
  }

  /// The number of rows.
  package var count: Int { width > 0 ? values.count / width : 0 }

  /// Takes in rows; false where they are of another length.
  mutating func add(_ tensor: Tensor) -> Bool {
    guard tensor.dimensions.count == 2, let floats = tensor.floats,
      width == 0 || tensor.dimensions[1] == width
    else { return false }
    width = tensor.dimensions[1]
    values += floats
    return true
  }

  /// A row.
  package func row(_ index: Int) -> ArraySlice<Float> {
    values[index * width..<(index + 1) * width]
  }

  /// Noise over signal of other scores of the same samples. What is added to all scores of a sample
  /// changes nothing that a classifier says, so each row is taken about its mean; infinite where scores
  /// are no numbers.
  package func noise(of other: ScoreRows) -> Double {
    guard other.width == width, other.count == count, width > 0 else { return .infinity }
    var signal = 0.0, noise = 0.0
    for index in 0..<count {
      let a = row(index).map { Double($0) }, b = other.row(index).map { Double($0) }
      let means = (a.reduce(0, +) / Double(width), b.reduce(0, +) / Double(width))
      for (x, y) in zip(a, b) {
        let centred = x - means.0
        let gap = y - means.1 - centred
        signal += centred * centred
        noise += gap * gap
      }
    }
    guard noise > 0 else { return noise.isNaN ? .infinity : 0 }
    return signal > 0 && noise.isFinite ? noise / signal : .infinity
  }
}
