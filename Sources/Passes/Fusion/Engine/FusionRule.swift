internal import IR
internal import Rewriting

/// One rewrite: a pattern of operators, its guards and what takes its place.
///
/// A rule looks at one node, the last of its pattern. It either does not match, or declines with a
/// reason because a guard fails, or rewrites the graph.
protocol FusionRule: Sendable {
  /// The rule's name on the command line, such as `fold-batch-normalization`.
  static var name: String { get }
  /// What the rule does, in one line.
  static var summary: String { get }
  /// The operators that the last node of the pattern can be; empty for any.
  static var roots: [String] { get }
  /// Who can run the result.
  static var targets: [FusionTarget] { get }
  init()
  /// Tries the rule at `node`; only `.applied` may come with a changed graph.
  func apply(at node: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome
}

extension FusionRule {
  /// Rules stay within ONNX's own operators unless they say otherwise.
  static var targets: [FusionTarget] { FusionTarget.allCases }
}

/// What came of a rule at a node.
enum FusionOutcome {
  /// The pattern is not here.
  case noMatch
  /// The pattern is here but a guard forbids the rewrite.
  case declined(String)
  /// The graph was rewritten; the text says how. `survivor` carries the record of the nodes that it
  /// absorbed; nil where nothing was fused.
  case applied(String, survivor: NodeID?, absorbed: [String] = [])

  /// A rewrite after which no node has absorbed another.
  static func applied(_ text: String) -> FusionOutcome { .applied(text, survivor: nil) }
}

/// Who runs the result of `fuse`.
public enum FusionTarget: String, Sendable, CaseIterable {
  /// Anything that runs ONNX's own operators.
  case onnx
  /// ONNX Runtime.
  case onnxruntime
  /// TensorRT.
  case tensorrt
  /// OpenVINO.
  case openvino
}

extension FusionTarget {
  /// The domain of ONNX Runtime's own operators.
  static let microsoftDomain = "com.microsoft"

  /// Operator sets that rules for the target may use besides the model's.
  var operatorSets: [OpsetImport] {
    self == .onnxruntime ? [OpsetImport(domain: Self.microsoftDomain, version: 1)] : []
  }
}

/// What the user asks of `fuse`.
public struct FusionOptions: Sendable {
  /// Names of the rules to apply; empty for all.
  public var only: [String]
  /// Names of rules to leave out.
  public var skip: [String]
  /// Who runs the result.
  public var target: FusionTarget
  /// Bytes that computed constants may add to the file, the constants that they free counted; nil
  /// for a little: a tenth of the constants that are there, at least 1 MiB.
  public var growthLimit: Int?
  /// Whether constants that are listed as inputs, which a user may override, are taken off the inputs.
  public var fixesConstantInputs: Bool
  /// Whether calls of the model's own functions are replaced by their bodies first.
  public var inlinesFunctions: Bool

  /// Makes options; files grow by a little at most unless said otherwise.
  public init(
    only: [String] = [], skip: [String] = [], target: FusionTarget = .onnx,
    growthLimit: Int? = nil, fixesConstantInputs: Bool = false, inlinesFunctions: Bool = false
  ) {
    self.fixesConstantInputs = fixesConstantInputs
    self.only = only
    self.skip = skip
    self.target = target
    self.growthLimit = growthLimit
    self.inlinesFunctions = inlinesFunctions
  }
}
