public import Samples

/// The numbers that a model computes with, or is stored in.
public enum Numbers: String, Sendable, Codable, Hashable, CaseIterable {
  /// Integers of 8 bits where that can be.
  case int8
  /// The same, with weights of 4 bits.
  case int4
  /// The same, with weights of 8 bits in the layers that lose most by 4.
  case mixed
  /// Integers of 8 bits in weights and of 16 in activations.
  case int16
  /// Floats of 16 bits.
  case float16
  /// Floats of 32 bits.
  case float

  /// Whether it computes with integers where it can.
  var areIntegers: Bool { self != .float && self != .float16 }
  /// Whether weights take 4 bits, at least some.
  var haveFewBits: Bool { self == .int4 || self == .mixed }
  /// The place in order.
  fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// One compressed model among those that a search tries: what it costs and what it loses.
public struct Candidate: Sendable, Hashable, Codable {
  /// Which of a search's models it is.
  public struct Place: Sendable, Hashable, Codable, Comparable {
    /// How far it is cut: 0 for not at all, `TargetSearch.levels` for the most.
    public let level: Int
    /// What it computes with.
    public let numbers: Numbers
    /// Whether it is not tuned, and less is tried to find its widths: to learn from, not to be taken.
    public let isDraft: Bool
    /// How many layers keep 8 bits where others take 4, the dearest first; nil where that is not so.
    public internal(set) var full: Int?

    package init(level: Int, _ numbers: Numbers, isDraft: Bool = false) {
      self.level = level
      self.numbers = numbers
      self.isDraft = isDraft
    }

    /// By numbers, drafts first, then by level.
    public static func < (a: Self, b: Self) -> Bool {
      guard a.numbers == b.numbers else { return a.numbers.rank < b.numbers.rank }
      guard a.full == b.full else { return a.full ?? 0 < b.full ?? 0 }
      return a.isDraft == b.isDraft ? a.level < b.level : a.isDraft
    }
  }

  /// Which of the search's models it is.
  public let place: Place
  /// The fraction that each group loses, by key; groups that lose nothing are left out.
  public let widths: [String: Double]
  /// The error that the table foretells for these widths: noise over signal of the outputs, the sum
  /// over groups cut alone.
  public let foretold: Double
  /// What it costs.
  public internal(set) var costs: ModelCosts
  /// What it loses against the original, on samples kept apart; nil for the original.
  public let loss: OutputLoss?
  /// The hash of the model.
  public let model: String

  package init(
    place: Place, widths: [String: Double], foretold: Double, costs: ModelCosts, loss: OutputLoss?,
    model: String
  ) {
    self.place = place
    self.widths = widths
    self.foretold = foretold
    self.costs = costs
    self.loss = loss
    self.model = model
  }
}

/// What a model costs to keep and to run.
public struct ModelCosts: Sendable, Hashable, Codable {
  /// Bytes of the model file.
  public let bytes: Int
  /// Multiply-accumulates for one sample.
  public let macs: Int
  /// Elements of trained weights.
  public let parameters: Int
  /// Joules for one sample, by a model (`EnergyModel`).
  public let energy: Double
  /// How long a run takes; nil where it was not asked for.
  public let time: RunTime?

  package init(bytes: Int, macs: Int, parameters: Int, energy: Double, time: RunTime?) {
    self.bytes = bytes
    self.macs = macs
    self.parameters = parameters
    self.energy = energy
    self.time = time
  }

  /// Whether other costs are at most these, each of them.
  func isCovered(by other: ModelCosts) -> Bool {
    other.bytes <= bytes && other.macs <= macs && other.energy <= energy
      && (other.time?.share ?? 0) <= (time?.share ?? 0)
  }
}

/// What a run takes in joules, as far as that follows from counts alone.
///
/// No counter is read: what a processor draws is seldom readable, never by one process alone, and not
/// the same on the device that the model is for. A multiply-accumulate takes 4.6 pJ with numbers of 32
/// bits and 0.3 pJ with integers of 8, and a byte that comes from memory 160 pJ (M. Horowitz, ISSCC
/// 2014, 45 nm); floats of 16 bits are multiplied as 32; weights come once a run, activations stay near. So the figure says which of two
/// models takes less, not what a meter would show.
enum EnergyModel {
  private static let float = 4.6e-12, integer = 0.3e-12, byte = 160e-12

  static func joules(floatMacs: Int, integerMacs: Int, bytes: Int) -> Double {
    float * Double(floatMacs) + integer * Double(integerMacs) + byte * Double(bytes)
  }
}
