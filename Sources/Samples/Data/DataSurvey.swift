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
    /// The first value that is no finite number, but for infinities that are a mask.
    var exception: (value: Double, sample: Int)?

    var peak: Double { max(-low, high, 0) }
  }

  /// The inputs, by name.
  public let inputs: [Input]
  /// The number of samples.
  public let samples: Int
  private let isRandom: Bool

  /// Looks at all values.
  ///
  /// - Parameters:
  ///   - label: what messages call the data, such as `calibration`.
  ///   - refuses: whether data of which nothing useful can come is an error; else notes say so.
  /// - Throws: `ModelError` for NaN and infinities, but negative ones beside numbers not above 0 are a
  ///   mask and pass; and for zeros alone.
  public init(_ data: Dataset, label: String, refuses: Bool = true) throws(ModelError) {
    var found: [String: Input] = [:]
    for range in data.batches(of: 1) {
      for (name, tensor) in try data.inputs(range) {
        var input =
          found.removeValue(forKey: name)
          ?? Input(
            name: name, isFloat: tensor.elementType.isFloatingPoint,
            rank: tensor.dimensions.count)
        input.add(tensor, sample: range.lowerBound)
        if refuses { try input.check(label) }
        found[name] = input
      }
      data.releasePages()
    }
    inputs = found.values.sorted { $0.name < $1.name }
    samples = data.count
    isRandom = data.part == .random
    if refuses, inputs.contains(where: \.isFloat),
      inputs.allSatisfy({ $0.low == 0 && $0.high == 0 && !$0.hasInfinities })
    {
      throw ModelError(
        .request, "\(label): expected samples that differ from zero, found zeros alone",
        hint: "to try without samples give random:64")
    }
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
      if let found = input.exception {
        notes.append("\(label): \(found.value) in sample \(found.sample)")
      }
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
  fileprivate mutating func add(_ tensor: Tensor, sample: Int) {
    guard let values = tensor.doubles else { return }
    var peak = 0.0
    for value in values {
      guard value.isFinite else {
        if value == -.infinity {
          hasInfinities = true
        } else if exception == nil {
          exception = (value, sample)
        }
        continue
      }
      low = Swift.min(low, value)
      high = Swift.max(high, value)
      peak = Swift.max(peak, abs(value))
      if value.rounded() != value { isWhole = false }
    }
    if hasInfinities, high > 0, exception == nil { exception = (-.infinity, sample) }
    peaks.append(peak)
  }

  fileprivate func check(_ label: String) throws(ModelError) {
    guard let exception else { return }
    throw ModelError(
      .request,
      "\(label), input '\(name)': expected numbers, found \(exception.value) in sample "
        + "\(exception.sample)")
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
