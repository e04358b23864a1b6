public import IR
package import Operators

/// What goes from stage to stage: the model, what is known of it and what was decided.
public struct ModelState: Sendable {
  /// The model before all stages: what figures are against.
  public let original: Model
  /// The model as it is now.
  public private(set) var model: Model
  /// Ranges of its values, where a stage measured them.
  public var statistics: CalibrationStatistics?
  /// What was removed.
  public var pruning: PruningPlan?
  /// Which blocks were dropped.
  public var drops: DropPlan?
  /// What became zero.
  public var sparsity: SparsityPlan?
  /// How it was quantized.
  public var quantization: QuantizationPlan?
  /// What became of each node in quantization.
  public var entries: [Quantizer.Entry] = []
  /// The budget of the removal, where it had one.
  public var budget: PruningBudget?
  /// Patterns of options that fit nothing.
  public var unmatchedPatterns: [String] = []
  /// What a reader of the report should know, a line each.
  public var notes: [String] = []
  /// The cut that recovery starts from.
  var cut: Cut?
  private var typed: TypedGraph?

  /// A model that was made smaller, as it was before it adapted, and what it comes from.
  struct Cut: Sendable {
    let descent: Descent
    /// Multiply-accumulates of both for one sample.
    let macs: Int
    let teacherMacs: Int
  }

  /// The state before the first stage.
  public init(_ original: Model) {
    self.original = original
    model = original
  }

  /// Replaces the model; what was known of the old one's types is forgotten.
  public mutating func replace(with model: Model) {
    self.model = model
    typed = nil
  }

  /// The types of the model's values, inferred once for each model.
  package mutating func typedGraph() throws(ModelError) -> TypedGraph {
    if let typed { return typed }
    let found = try inferTypes(model)
    typed = found
    return found
  }
}
