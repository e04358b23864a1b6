public import IR
public import Passes
internal import Platform

/// All that a search for goals decides, as it decides it: what was asked, what cuts of single groups
/// were found to cost, the models that were tried and what they measured, and the one that was taken.
///
/// It is written after each step, so that a search that was interrupted goes on from it, and a search
/// that is finished is done again without measuring anything.
public struct CompressionPlan: Codable, Sendable {
  /// The version of the format.
  public var schema = 1
  /// What kind of plan it is.
  public var kind = Self.kind
  /// The hash of the model that it is for.
  public var model: String
  /// What else it holds for: how stages work, and the hashes of the data.
  public var request: [String: String]
  /// What was asked for last.
  public var goals = CompressionGoals()
  /// What the original costs; nil before it was measured.
  public var original: ModelCosts?
  /// What cuts of single groups cost the outputs; nil before that was measured.
  public var groups: [WidthSearch.Group]?
  /// How long the model runs at several widths; nil where time is not bounded or was not measured yet.
  public var latencies: LatencyTable?
  /// What 4 bits cost the outputs in single layers; nil where that was not asked.
  public var bits: [LayerBits]?
  /// The layers that keep 8 bits where others take 4; nil where that was not asked.
  public var fullWeights: [String]?
  /// Costs of models that were cut and not fitted to anything.
  public var outlines: [Outline] = []
  /// The widths that were timed before models were made of them, in order of their places; nil where none were.
  public var rehearsals: [Rehearsal]?
  /// The models that were tried, in order of their places.
  public var tried: [Candidate] = []
  /// The one that was taken; nil before that is known.
  public var chosen: Candidate.Place?
  /// The channels of each group in it, by key.
  public var widths: [String: Width]?
  /// What of the goals it misses, a line each.
  public var missed: [String] = []
  /// The hash of the model that was written.
  public var output: String?

  /// What a model at a place costs.
  public struct Outline: Codable, Hashable, Sendable {
    /// The place.
    public var place: Candidate.Place
    /// The costs.
    public var costs: ModelCosts
  }

  /// What the widths that a place would take cost before anything is fitted to them.
  public struct Rehearsal: Codable, Hashable, Sendable {
    /// The place.
    public let place: Candidate.Place
    /// The widths; nil where nothing can be cut.
    public let widths: WidthSearch.Solution?
    /// The costs.
    public let costs: ModelCosts
  }

  /// How wide a group is.
  public struct Width: Codable, Hashable, Sendable {
    /// The channels before.
    public var channels: Int
    /// The channels after.
    public var kept: Int
  }

  private static let kind = "compression"

  /// An empty plan.
  ///
  /// - Parameters:
  ///   - model: the hash of the model.
  ///   - request: what candidates depend on beside it.
  public init(model: String, request: [String: String]) {
    self.model = model
    self.request = request
  }

  /// The candidate that was taken.
  public var choice: Candidate? { tried.first { $0.place == chosen } }

  /// Whether bytes are those of such a plan, and not of one of another kind.
  public static func isOne(_ json: [UInt8]) -> Bool {
    struct Kind: Decodable { var kind: String? }
    return (try? JSONCoding.value(Kind.self, from: json))?.kind == kind
  }

  /// The plan as JSON with sorted keys and a final newline.
  public func json() throws(ModelError) -> [UInt8] {
    do { return try JSONCoding.bytes(of: self) + [10] } catch {
      throw ModelError(.invalid, "plan: \(error)")
    }
  }

  /// Reads a plan.
  ///
  /// - Throws: `ModelError` when the bytes are no plan of a known version.
  public init(json: [UInt8]) throws(ModelError) {
    do { self = try JSONCoding.value(from: json) } catch {
      throw ModelError(
        .malformed, "plan: expected a plan of a compression in JSON, found other content")
    }
    guard schema == 1, kind == Self.kind else {
      throw ModelError(
        .unsupported,
        "plan: expected one of kind '\(Self.kind)' with schema 1, found kind '\(kind)' with schema \(schema)"
      )
    }
  }

  /// Refuses a plan that was made for something else.
  ///
  /// - Parameter other: an empty plan for what is to be done.
  func check(against other: CompressionPlan, at path: String) throws(ModelError) {
    guard model == other.model else {
      throw ModelError(
        .request, "\(path): expected a plan for model \(other.model), found one for \(model)")
    }
    for (key, value) in other.request.sorted(by: { $0.key < $1.key })
    where request[key] != value {
      throw ModelError(
        .request,
        "\(path): expected a plan with \(key): \(value), found one with \(request[key] ?? "none")",
        hint: "give the options and data that it was made with, or another file")
    }
  }
}
