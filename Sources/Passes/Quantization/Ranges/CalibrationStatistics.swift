private import FoundationEssentials
public import IR

/// The ranges that a model's values took on calibration data, by name: small, and independent of
/// the number of samples.
public struct CalibrationStatistics: Codable, Hashable, Sendable {
  /// The version of the format.
  public var schema = 1
  /// The hash of the model that was run.
  public var model: String
  /// The number of samples.
  public var samples: Int
  /// The least and the greatest value of each tensor, after the method's cut.
  public var ranges: [String: [Float]]

  /// The statistics as JSON with sorted keys and a final newline.
  public func json() throws(ModelError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    do { return [UInt8](try encoder.encode(self)) + [10] } catch {
      throw ModelError(.invalid, "statistics: \(error)")
    }
  }

  /// Reads statistics.
  ///
  /// - Throws: `ModelError` when the bytes are no statistics of a known version.
  public init(json: [UInt8]) throws(ModelError) {
    do { self = try JSONDecoder().decode(Self.self, from: Data(json)) } catch {
      throw ModelError(
        .malformed, "statistics: expected calibration statistics in JSON, found other content")
    }
    guard schema == 1 else {
      throw ModelError(.unsupported, "statistics: expected schema 1, found \(schema)")
    }
  }

  init(model: String, samples: Int, ranges: [String: [Float]]) {
    self.model = model
    self.samples = samples
    self.ranges = ranges
  }
}
