public import IR

/// What a look at data shows that would spoil what is made with it, or the figures measured on it.
public struct DataSurvey: Sendable {
  /// What the values of one input are like.
  public struct Input: Sendable {
    /// The input's name.
    public let name: String
    /// The least finite value.
    public var low = Double.infinity
    /// The greatest finite value.
    public var high = -Double.infinity
    /// Whether every value is a whole number.
    public var isWhole = true
    /// The largest magnitude of each sample or group of samples, in order.
    var peaks: [Double] = []
    let isFloat: Bool
    let rank: Int
    var hasInfinities = false

    var peak: Double { max(-low, high, 0) }
  }

  /// The inputs, by name.
  public let inputs: [Input]
  /// The number of samples.
  public let samples: Int
  private let isRandom: Bool

  /// Looks at all values.
  ///
  /// - Parameter label: what messages call the data, such as `calibration`.
  /// - Throws: `ModelError` for NaN and infinities, of which nothing useful can come; negative ones
  ///   beside numbers not above 0 are a mask and pass.
  public init(_ data: Dataset, label: String) throws(ModelError) {
    var found: [String: Input] = [:]
    for range in data.batches(of: 1) {
      for (name, tensor) in try data.inputs(range) {
        var input =
          found.removeValue(forKey: name)
          ?? Input(
            name: name, isFloat: tensor.elementType.isFloatingPoint,
            rank: tensor.dimensions.count)
        try input.add(tensor, sample: range.lowerBound, label)
        found[name] = input
      }
    }
    inputs = found.values.sorted { $0.name < $1.name }
    samples = data.count
    isRandom = data.part == .random
  }

  /// What a reader of figures on this data should know, a line each.
  public var notes: [String] {
    var notes: [String] = []
    if isRandom { notes.append("random inputs: figures on them say little about real ones") }
    if samples < Dataset.fewestToSplit {
      notes.append(
        "\(samples) sample\(samples == 1 ? "" : "s"): expected \(Dataset.fewestToSplit) or more for ranges and figures that hold for others"
      )
    }
    guard !isRandom else { return notes }
    for input in inputs {
      let label = "input '\(input.name)'"
      if input.isFloat, input.low == input.high {
        notes.append("\(label): the same value everywhere, \(Self.text(input.low))")
      } else if input.looksLikePixels {
        notes.append(
          "\(label): values up to \(Self.text(input.high)), all of them whole, as pixels are before they are scaled: most models want them from 0 to 1 or normalised"
        )
      }
      if let (sample, peak, usual) = input.outlier {
        notes.append(
          "\(label): \(Self.text(peak)) in sample \(sample), far beyond the \(Self.text(usual)) that half of the samples stay below"
        )
      }
    }
    return notes
  }

  /// Where values lie elsewhere than those of the data that a model was fitted to.
  ///
  /// - Parameter label: what the lines call this data.
  public func notes(against fitted: DataSurvey, label: String) -> [String] {
    guard !isRandom, !fitted.isRandom else { return [] }
    return inputs.compactMap { input in
      guard input.isFloat, let other = fitted.inputs.first(where: { $0.name == input.name }),
        input.peak > 0, other.peak > 0,
        max(input.peak / other.peak, other.peak / input.peak) > Self.factor
      else { return nil }
      return
        "input '\(input.name)': values from \(Self.text(input.low)) to \(Self.text(input.high)) in the \(label) data, from \(Self.text(other.low)) to \(Self.text(other.high)) in the calibration data"
    }
  }

  /// Magnitudes that differ by more than this were scaled in another way.
  private static let factor = 4.0

  private static func text(_ value: Double) -> String {
    value.rounded() == value && abs(value) < 1e15 ? "\(Int(value))" : "\(Float(value))"
  }
}

extension DataSurvey.Input {
  fileprivate mutating func add(
    _ tensor: Tensor, sample: Int, _ label: String
  ) throws(ModelError) {
    guard let values = tensor.doubles else { return }
    var peak = 0.0
    for value in values {
      guard value.isFinite else {
        guard value == -.infinity else { throw refusal(value, sample, label) }
        hasInfinities = true
        continue
      }
      low = Swift.min(low, value)
      high = Swift.max(high, value)
      peak = Swift.max(peak, abs(value))
      if value.rounded() != value { isWhole = false }
    }
    if hasInfinities, high > 0 { throw refusal(-.infinity, sample, label) }
    peaks.append(peak)
  }

  private func refusal(_ value: Double, _ sample: Int, _ label: String) -> ModelError {
    ModelError(
      .request,
      "\(label), input '\(name)': expected numbers, found \(value) in sample \(sample)")
  }

  /// Pictures whose values are bytes.
  fileprivate var looksLikePixels: Bool {
    isFloat && rank >= 3 && isWhole && low >= 0 && high > 16 && high <= 255
  }

  /// A sample whose values are far larger than those of half of the samples.
  fileprivate var outlier: (sample: Int, peak: Double, usual: Double)? {
    guard isFloat, peaks.count >= 8, let peak = peaks.max(), let place = peaks.firstIndex(of: peak)
    else { return nil }
    let usual = peaks.sorted()[peaks.count / 2]
    return usual > 0 && peak > 16 * usual ? (place, peak, usual) : nil
  }
}
