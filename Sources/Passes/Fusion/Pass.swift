public import IR

/// One transformation of a model.
///
/// A pass works on a copy that the manager commits when `run` returns and the graph's invariants
/// hold; a pass that throws changes nothing.
public protocol Pass: Sendable {
  /// The name in reports and messages, such as `fold-constants`.
  var name: String { get }
  /// Names of passes that must not follow this one in a pipeline.
  var runsAfter: [String] { get }
  /// Applies the transformation and says what it did.
  func run(_ model: inout Model) throws(ModelError) -> PassReport
}

extension Pass {
  /// By default a pass can run at any place.
  public var runsAfter: [String] { [] }
}

/// A pass that can stop after a number of its steps, so that the one that breaks a result can be
/// found.
protocol SteppedPass: Pass {
  /// The first step after which the model's results differ; nil when they do not in the end.
  func firstBroken(
    _ model: Model, _ verification: Verification
  ) throws(ModelError) -> PassReport.Entry?
}

/// What a pass did.
public struct PassReport: Sendable {
  /// One thing that a pass did or did not do, at a node.
  public struct Entry: Hashable, Sendable {
    /// The node, by operator and name.
    public let node: String
    /// What happened or why it did not, in words.
    public let text: String
    /// The rule of the pass, where it has several.
    public let rule: String

    /// Makes an entry.
    public init(node: String, text: String, rule: String = "") {
      self.node = node
      self.text = text
      self.rule = rule
    }
  }

  /// The pass.
  public var pass: String
  /// What it applied, in order.
  public var applied: [Entry] = []
  /// What it could have applied but for a reason: data, not errors.
  public var declined: [Entry] = []

  /// A report without entries.
  public init(pass: String) { self.pass = pass }
}
