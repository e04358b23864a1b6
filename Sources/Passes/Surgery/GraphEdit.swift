public import IR

/// A change of a model that its user asked for by name: of what it takes and gives out, of a part of
/// it, of what it says about itself.
///
/// Other than a simplification an edit may change the contract; so each knows how its result is to be
/// compared with what it was made from. What cannot be done is thrown, what is left alone is a decline
/// with its reason.
public protocol GraphEdit: Pass {
  /// Compares the edited model with the one before.
  ///
  /// - Throws: `ModelError` with code `verification` where they do not correspond.
  func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof
}

/// How an edit was proved.
public enum EditProof: Hashable, Sendable {
  /// Results correspond but for this relative difference; the text says on what.
  case equal(within: Double, on: String)
  /// Nothing that is computed was touched.
  case sameComputation
  /// The model has an operator that Lapidary cannot run.
  case notRunnable
  /// Nobody asked.
  case notAsked
  /// Nothing says what the result should compute.
  case notComparable(String)

  /// A line for a report.
  public var text: String {
    switch self {
    case .equal(let difference, let on):
      difference == 0
        ? "verified: results are the same\(on)"
        : "verified: results differ by \(Self.scientific(difference)) at most\(on)"
    case .sameComputation: "verified: the same computation"
    case .notRunnable: "not verified: the model has an operator that Lapidary cannot run"
    case .notAsked: "not verified"
    case .notComparable(let reason): "not verified: \(reason)"
    }
  }

  /// Two digits are enough to judge a difference by.
  private static func scientific(_ value: Double) -> String {
    var exponent = 0
    var mantissa = value
    while mantissa.isFinite, mantissa < 1, exponent > -330 {
      mantissa *= 10
      exponent -= 1
    }
    while mantissa.isFinite, mantissa >= 10 {
      mantissa /= 10
      exponent += 1
    }
    let tenths = Int((mantissa * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)e\(exponent)"
  }

  /// What a comparison that may not have been possible found.
  init(_ difference: Double?, on text: String = "") {
    self = difference.map { .equal(within: $0, on: text) } ?? .notRunnable
  }
}

/// An edit of what a model says and not of what it computes.
protocol Annotation: GraphEdit {}

extension Annotation {
  /// Requires the same computation; runs both models where that is not plain to see.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    if SameComputation.holds(before, after) { return .sameComputation }
    return EditProof(try verification.check(before, after))
  }
}
