/// What a compressed model has to be.
public struct CompressionGoals: Sendable, Hashable, Codable {
  /// A limit, absolute or as a fraction of the original's figure.
  public enum Limit: Sendable, Hashable, Codable {
    /// A number of bytes, operations, seconds or joules.
    case absolute(Double)
    /// A fraction of what the original has, 0 to 1.
    case fraction(Double)

    private enum CodingKeys: String, CodingKey { case absolute, fraction }

    /// Writes `{"fraction": 0.5}` or `{"absolute": 200000}`.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      switch self {
      case .absolute(let value): try container.encode(value, forKey: .absolute)
      case .fraction(let part): try container.encode(part, forKey: .fraction)
      }
    }

    /// Reads what `encode` writes.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      if let part = try container.decodeIfPresent(Double.self, forKey: .fraction) {
        self = .fraction(part)
      } else {
        self = .absolute(try container.decode(Double.self, forKey: .absolute))
      }
    }

    /// The limit as a number.
    ///
    /// - Parameter whole: what the original has.
    public func value(of whole: Double) -> Double {
      switch self {
      case .absolute(let value): value
      case .fraction(let part): part * whole
      }
    }
  }

  /// The most points to lose, of accuracy with labels and of agreement with the original without.
  public var loss: Double?
  /// The most bytes of the model file.
  public var bytes: Limit?
  /// The most multiply-accumulates for one sample.
  public var macs: Limit?
  /// The longest a run of one sample may take, in seconds.
  public var latency: Limit?
  /// The most energy for one sample, in joules, by `EnergyModel`.
  public var energy: Limit?

  /// No goals.
  public init() {}

  /// Whether nothing is asked for.
  public var isEmpty: Bool { loss == nil && !boundsCost }
  /// Whether a cost is bounded.
  public var boundsCost: Bool {
    bytes != nil || macs != nil || latency != nil || energy != nil
  }
  /// Whether it matters how numbers are stored: not where multiply-accumulates alone are bounded.
  var boundsNumbers: Bool { bytes != nil || latency != nil || energy != nil || !boundsCost }

  /// By how much costs exceed their limits: the largest quotient of a figure and its limit; at most 1
  /// where all hold, 0 where nothing is bounded.
  public func excess(_ costs: ModelCosts, original: ModelCosts) -> Double {
    bounds(costs, original).map { $0.value / max($0.limit, .leastNormalMagnitude) }.max() ?? 0
  }

  /// Whether a loss is within the limit, with 95 % confidence; true without a limit.
  public func allows(_ candidate: Candidate) -> Bool {
    guard let loss else { return true }
    return candidate.loss.map { $0.upperBound <= loss } ?? true
  }

  private static func milliseconds(_ seconds: Double) -> String {
    seconds < RunTime.noRun ? "\(NumberText.decimal(1000 * seconds, 3)) ms" : "no run"
  }

  /// A bounded cost.
  struct Bound {
    let name: String
    let limit: Double
    let value: Double
    let text: (Double) -> String
  }

  /// The bounded costs. How long a run may take is said against the original in the same minutes.
  func bounds(_ costs: ModelCosts, _ original: ModelCosts) -> [Bound] {
    var found: [Bound] = []
    func add(
      _ name: String, _ limit: Limit?, _ value: Double, _ whole: Double,
      _ text: @escaping (Double) -> String
    ) {
      guard let limit else { return }
      found.append(Bound(name: name, limit: limit.value(of: whole), value: value, text: text))
    }
    func whole(_ value: Double) -> String { "\(Int(value))" }
    add("bytes", bytes, Double(costs.bytes), Double(original.bytes), whole)
    add("MACs", macs, Double(costs.macs), Double(original.macs), whole)
    add("energy", energy, costs.energy, original.energy) {
      "\(NumberText.decimal(1e6 * $0, 2)) uJ"
    }
    if let time = costs.time {
      add("latency", latency, time.seconds, time.original, Self.milliseconds)
      if let other = time.onnxruntime {
        add(
          "latency in onnxruntime", latency, other.seconds, other.original, Self.milliseconds)
      }
    }
    return found
  }
}
