internal import Glibc
package import IR
private import Kernels
private import Operators

/// What a `Comparison` follows from, taken in piece by piece: sums and extremes, whose size does not
/// depend on the number of samples.
package struct ComparisonSums {
  private var count = 0
  private var difference = 0.0, sum = 0.0, noise = 0.0, magnitude = 0.0
  private var dot = 0.0, energyA = 0.0, energyB = 0.0
  private var isExact = true
  private var rows = 0, agreeing = 0
  /// Tensors of rank 0 and 1 are one row, however many pieces they come in.
  private var places: (a: Best, b: Best)?
  private var channels: [Int: [Channel]] = [:]

  /// Energies along one channel.
  private struct Channel {
    var energy = 0.0, noise = 0.0
  }

  /// The largest element so far and its place.
  private struct Best {
    var value: Double
    var place: Int

    mutating func take(_ other: Double, at place: Int) {
      if other > value { (value, self.place) = (other, place) }
    }
  }

  /// Nothing compared yet.
  package init() {}

  /// Takes in a tensor and its reference, of the same element type and shape.
  ///
  /// - Throws: `ModelError` with code `verification` where type or shape differ.
  package mutating func add(reference a: Tensor, candidate b: Tensor) throws(ModelError) {
    guard a.elementType == b.elementType, a.dimensions == b.dimensions else {
      throw ModelError(.verification, "expected a tensor \(a.type), found \(b.type)")
    }
    if a.elementType == .float, let x = a.floats, let y = b.floats {
      add(x, y, a.dimensions)
    } else if case .strings(let x) = a.payload, case .strings(let y) = b.payload {
      // Texts are the same or wholly different.
      let gaps = zip(x, y).map { $0 == $1 ? 0 : Double.infinity }
      add([Double](repeating: 0, count: gaps.count), gaps, a.dimensions)
    } else {
      let (x, y) = try Self.elements(a, b)
      add(x, y, a.dimensions)
    }
  }

  /// What the sums say.
  package var comparison: Comparison {
    let cosine =
      energyA == 0 && energyB == 0
      ? 1 : energyA == 0 || energyB == 0 ? 0 : dot / (energyA.squareRoot() * energyB.squareRoot())
    return Comparison(
      count: count, maxAbsolute: difference,
      maxRelative: magnitude > 0 ? difference / magnitude : difference,
      meanAbsolute: count == 0 ? 0 : sum / Double(count), sqnr: Self.decibels(energyA, noise),
      cosine: cosine, isExact: isExact, argmaxAgreement: agreement, worstChannel: worstChannel)
  }

  private var agreement: Double {
    if let places { return places.a.place == places.b.place ? 1 : 0 }
    return rows == 0 ? 1 : Double(agreeing) / Double(rows)
  }

  /// The channel that lost most; those in which the reference is 0 throughout do not count.
  private var worstChannel: Comparison.Channel? {
    var worst: Comparison.Channel?
    for (axis, list) in channels.sorted(by: { $0.key < $1.key }) {
      for (index, channel) in list.enumerated() where channel.energy > 0 {
        let sqnr = Self.decibels(channel.energy, channel.noise)
        if worst.map({ sqnr < $0.sqnr }) ?? true {
          worst = Comparison.Channel(axis: axis, index: index, sqnr: sqnr)
        }
      }
    }
    return worst
  }

  private static func decibels(_ energy: Double, _ noise: Double) -> Double {
    noise == 0 ? .infinity : energy == 0 ? -.infinity : 10 * log10(energy / noise)
  }

  private mutating func add<T: BinaryFloatingPoint>(_ a: [T], _ b: [T], _ shape: [Int]) {
    for (x, y) in zip(a, b) {
      let x = Double(x), y = Double(y)
      let gap = Self.gap(x, y)
      if gap != 0 { isExact = false }
      if x.isFinite { magnitude = max(magnitude, abs(x)) }
      difference = max(difference, gap)
      sum += gap
      noise += gap * gap
      if x.isFinite, y.isFinite {
        dot += x * y
        energyA += x * x
        energyB += y * y
      }
    }
    addAgreement(a, b, shape)
    for axis in Self.channelAxes(shape) { addChannels(a, b, shape, axis) }
    count += a.count
  }

  private mutating func addAgreement<T: BinaryFloatingPoint>(_ a: [T], _ b: [T], _ shape: [Int]) {
    guard !a.isEmpty else { return }
    guard shape.count > 1, let row = shape.last else {
      var best =
        places ?? (Best(value: Double(a[0]), place: count), Best(value: Double(b[0]), place: count))
      for index in a.indices {
        best.a.take(Double(a[index]), at: count + index)
        best.b.take(Double(b[index]), at: count + index)
      }
      // A number for each sample has no highest.
      if shape.count == 1 { places = best }
      return
    }
    func place(_ values: ArraySlice<T>) -> Int {
      var best = values.startIndex
      for index in values.indices where values[index] > values[best] { best = index }
      return best
    }
    for start in stride(from: 0, to: a.count, by: row)
    where place(a[start..<start + row]) == place(b[start..<start + row]) { agreeing += 1 }
    rows += a.count / row
  }

  /// The axes that may count channels: the second, and at rank 3 the last one too, as transformers
  /// have it.
  private static func channelAxes(_ shape: [Int]) -> [Int] {
    switch shape.count {
    case ..<2: []
    case 3: [1, 2]
    default: [1]
    }
  }

  /// Axes longer than this are no channels.
  private static let mostChannels = 1 << 16

  private mutating func addChannels<T: BinaryFloatingPoint>(
    _ a: [T], _ b: [T], _ shape: [Int], _ axis: Int
  ) {
    let length = shape[axis]
    guard length > 0, length <= Self.mostChannels else { return }
    // Where the length differs from piece to piece the axis counts something else.
    guard count == 0 || channels[axis]?.count == length else {
      channels[axis] = nil
      return
    }
    var own = channels.removeValue(forKey: axis) ?? Array(repeating: Channel(), count: length)
    let inner = shape[(axis + 1)...].reduce(1, *)
    var index = 0
    while index < a.count {
      for channel in 0..<length {
        for place in index..<index + inner {
          let x = Double(a[place]), y = Double(b[place])
          if x.isFinite, y.isFinite { own[channel].energy += x * x }
          let gap = Self.gap(x, y)
          own[channel].noise += gap * gap
        }
        index += inner
      }
    }
    channels[axis] = own
  }

  /// The difference of two elements; infinite where only one of them is a number.
  static func gap(_ x: Double, _ y: Double) -> Double {
    if x == y || (x.isNaN && y.isNaN) { return 0 }
    let gap = abs(x - y)
    return gap.isNaN ? .infinity : gap
  }

  /// The elements of two tensors of the same element type and shape, as numbers.
  static func elements(_ a: Tensor, _ b: Tensor) throws(ModelError) -> ([Double], [Double]) {
    guard a.elementType == b.elementType, a.dimensions == b.dimensions else {
      throw ModelError(.verification, "expected a tensor \(a.type), found \(b.type)")
    }
    guard let x = a.doubles ?? decoded(a), let y = b.doubles ?? decoded(b) else {
      throw ModelError(
        .unsupported, "tensors of element type \(a.elementType) cannot be compared by value")
    }
    return (x, y)
  }

  /// The elements of the small number types.
  private static func decoded(_ tensor: Tensor) -> [Double]? {
    guard let format = NumberFormat(tensor.elementType),
      let storage = tensor.storage?.aligned(to: tensor.elementType.byteWidth ?? 1)
    else { return nil }
    var values = [Double](repeating: 0, count: tensor.count)
    let isDecoded = values.withUnsafeMutableBytes {
      convert(storage.bytes, format, into: $0, .scalar(.double), count: tensor.count)
    }
    return isDecoded ? values : nil
  }
}
