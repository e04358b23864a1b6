/// What a model is tuned towards: the sum of the kinds that are asked for.
public struct Objective: Sendable {
  /// What is compared.
  public enum Kind: String, Sendable, CaseIterable {
    /// The outputs with the teacher's: mean square over the variance of these.
    case response
    /// Inner values with the teacher's, each over its variance.
    case feature
    /// How samples lie to each other: products of the last feature, or of the output, between the
    /// samples of a piece.
    case relation
    /// The cross entropy of the first output with labels.
    case labels
  }

  /// A value of the student and the one of the teacher that it is to come close to.
  public struct Pair: Sendable {
    /// The student's value.
    public let student: String
    /// The teacher's value.
    public let teacher: String
    /// Which of the teacher's slices are left along each axis; nil for all.
    public let kept: [Int: [Int]]

    /// Makes a pair.
    public init(student: String, teacher: String, kept: [Int: [Int]] = [:]) {
      self.student = student
      self.teacher = teacher
      self.kept = kept
    }
  }

  /// The kinds, in a fixed order.
  public let kinds: [Kind]
  /// Outputs.
  public let responses: [Pair]
  /// Inner values.
  public let features: [Pair]

  /// Makes an objective; kinds for which there is nothing to compare do not count.
  public init(kinds: Set<Kind>, responses: [Pair], features: [Pair]) {
    self.kinds = Kind.allCases.filter(kinds.contains)
    self.responses = responses
    self.features = features
  }

  /// The teacher's values that are needed, without repetition.
  var pairs: [Pair] {
    var needed: [Pair] = []
    if kinds.contains(.response) { needed += responses }
    if kinds.contains(.feature) { needed += features }
    if kinds.contains(.relation) { needed += (features.last ?? responses.first).map { [$0] } ?? [] }
    var seen: Set<String> = []
    return needed.filter { seen.insert($0.student).inserted }
  }
}
