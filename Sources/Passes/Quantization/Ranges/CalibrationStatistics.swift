public import IR
internal import Platform

/// What the values of a model were on calibration data, by name, whatever method and profile make of
/// it: small, and independent of the number of samples. Parts can be merged, in any order, to the bytes
/// of one run over all data.
public struct CalibrationStatistics: Codable, Hashable, Sendable {
  /// The version of the format.
  public private(set) var schema = 2
  /// The hash of the model that was run.
  public var model: String
  /// A number that all samples together have, whatever their order.
  public private(set) var data: UInt64
  /// The number of samples.
  public private(set) var samples: Int
  /// Samples a run.
  public private(set) var batch: Int
  /// Which parts of how many these are; nil for the whole.
  public private(set) var parts: Parts?
  /// What was seen of each value.
  package private(set) var values: [String: RangeObserver]
  /// What was seen in batches that are kept apart, to choose between methods with.
  package private(set) var kept: [String: RangeObserver]

  /// Some parts of the data.
  public struct Parts: Codable, Hashable, Sendable {
    /// Their numbers, from 1, in order.
    public var numbers: [Int]
    /// How many there are.
    public var count: Int
  }

  /// The statistics as JSON with sorted keys and a final newline.
  public func json() throws(ModelError) -> [UInt8] {
    do { return try JSONCoding.bytes(of: self, isPretty: false) + [10] } catch {
      throw ModelError(.invalid, "statistics: \(error)")
    }
  }

  /// Reads statistics.
  ///
  /// - Throws: `ModelError` when the bytes are no statistics of a known version.
  public init(json: [UInt8]) throws(ModelError) {
    struct Version: Decodable { let schema: Int }
    if let version = try? JSONCoding.value(Version.self, from: json), version.schema != 2 {
      throw ModelError(
        .unsupported, "statistics: expected schema 2, found \(version.schema)",
        hint: "measure them again")
    }
    do { self = try JSONCoding.value(from: json) } catch {
      throw ModelError(
        .malformed, "statistics: expected calibration statistics in JSON, found other content")
    }
  }

  init(
    model: String, data: UInt64, samples: Int, batch: Int, parts: Parts?,
    _ seen: (fitted: [String: RangeObserver], kept: [String: RangeObserver])
  ) {
    self.model = model
    self.data = data
    self.samples = samples
    self.batch = batch
    self.parts = parts
    values = seen.fitted
    kept = seen.kept
  }

  /// Takes in another part of the same run.
  ///
  /// - Throws: `ModelError` where it is of another model, of other options, or counted already.
  public mutating func merge(_ other: CalibrationStatistics) throws(ModelError) {
    func refuse(_ expected: String, _ found: String) -> ModelError {
      ModelError(.request, "statistics: expected \(expected), found \(found)")
    }
    guard model == other.model else {
      throw refuse("statistics of model \(model)", "those of \(other.model)")
    }
    guard batch == other.batch else { throw refuse("batches of \(batch)", "\(other.batch)") }
    guard let own = parts, let more = other.parts, own.count == more.count else {
      throw refuse(
        "a part of \(parts.map { "\($0.count)" } ?? "several")",
        other.parts.map { "one of \($0.count)" } ?? "the whole")
    }
    guard Set(own.numbers).isDisjoint(with: more.numbers) else {
      throw refuse("parts other than \(own.numbers)", "\(more.numbers)")
    }
    guard Set(values.keys) == Set(other.values.keys) else {
      throw refuse("the same \(values.count) values", "\(other.values.count) others")
    }
    let numbers = (own.numbers + more.numbers).sorted()
    parts = numbers.count == own.count ? nil : Parts(numbers: numbers, count: own.count)
    data &+= other.data
    samples += other.samples
    for (name, observer) in other.values { values[name]?.merge(observer) }
    for (name, observer) in other.kept { kept[name]?.merge(observer) }
  }

  /// How many values were observed.
  public var valueCount: Int { values.count }

  /// Everything seen of a value; nil where it was not observed.
  package func whole(_ name: String) -> RangeObserver? {
    guard var observer = values[name] else { return nil }
    if let more = kept[name] { observer.merge(more) }
    return observer
  }
}
