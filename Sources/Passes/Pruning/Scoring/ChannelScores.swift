public import IR
internal import Platform

/// Scores of channels that were made elsewhere.
public struct ChannelScores: Codable, Hashable, Sendable {
  /// The version of the format.
  public var schema = 1
  /// For weights by name a number for each channel that they make; the greater, the more important.
  public var scores: [String: [Double]]

  /// Scores by weight.
  public init(_ scores: [String: [Double]]) { self.scores = scores }

  /// Reads scores.
  ///
  /// - Throws: `ModelError` when the bytes are no scores of a known version.
  public init(json: [UInt8]) throws(ModelError) {
    do { self = try JSONCoding.value(from: json) } catch {
      throw ModelError(
        .malformed,
        "scores: expected {\"schema\": 1, \"scores\": {weight: [numbers]}}, found other content")
    }
    guard schema == 1 else {
      throw ModelError(.unsupported, "scores: expected schema 1, found \(schema)")
    }
  }
}
