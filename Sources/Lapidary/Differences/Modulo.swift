internal import IR
internal import Passes

/// What two models may be spelled differently in without being different: both are brought into the
/// same form before they are compared.
public enum Modulo: String, CaseIterable, Hashable, Sendable {
  /// Scales and shifts in the weights of a layer or beside it.
  case fold
  /// Constants computed or spelled out.
  case constants
  /// The same computed once or several times.
  case cse
  /// Nodes without effect.
  case identity
  /// Shapes computed or written down, reshapes in one step or several.
  case shapes
  /// The version of the operator set.
  case opset

  /// The rules of fusion that make it so.
  private var rules: [String] {
    switch self {
    case .fold:
      [
        "constants-to-initializers", "fold-batch-normalization", "fold-scale-shift",
        "fold-affine-before", "merge-constants", "matmul-add", "simplify-gemm",
      ]
    case .constants:
      [
        "constants-to-initializers", "fold-constants", "fold-reshape-target",
        "deduplicate-initializers", "merge-constants",
      ]
    case .cse: ["deduplicate-nodes", "deduplicate-initializers"]
    case .identity:
      [
        "remove-identities", "arithmetic-identities", "cancel-inverses", "remove-dead-code",
        "merge-casts", "cancel-split",
      ]
    case .shapes:
      [
        "constants-to-initializers", "fold-constants", "fold-reshape-target", "merge-reshapes",
        "merge-transposes", "drop-expand", "unwrap-elementwise", "squeeze-reduction",
        "transpose-as-reshape", "remove-dead-code",
      ]
    case .opset:
      [
        "fuse-hard-sigmoid", "fuse-hard-swish", "fuse-gelu", "fuse-layer-normalization",
        "fuse-rms-normalization", "fuse-log-softmax", "fuse-functions", "merge-clamps",
        "reciprocal-to-div", "remove-dead-code",
      ]
    }
  }

  /// Both models in the form that the words ask for.
  ///
  /// - Parameter respells: whether nodes that only move elements are spelled in one way too.
  /// - Throws: `ModelError` where a word asks for what cannot be done.
  static func canonical(
    _ a: Model, _ b: Model, _ words: Set<Modulo>, respells: Bool = true
  ) throws(ModelError) -> (Model, Model) {
    var pair = (a, b)
    if words.contains(.opset) { pair = try inOneOperatorSet(a, b) }
    if words.contains(.opset) || words.contains(.shapes) {
      pair = (OpsetConversion.evened(pair.0), OpsetConversion.evened(pair.1))
    }
    let rules = Set(words.flatMap(\.rules)).sorted()
    guard !rules.isEmpty else { return pair }
    let passes = try Simplify.passes(FusionOptions(only: rules))
    func simplify(_ model: inout Model) throws(ModelError) {
      _ = try PassManager(passes).run(&model)
      let hasZeros = words.contains(.constants) && model.leaveOutZeros()
      let isMoved = respells && words.contains(.shapes) && model.evenMovement()
      if hasZeros || isMoved { _ = try PassManager(passes).run(&model) }
      model.forgetFusions()
    }
    try simplify(&pair.0)
    try simplify(&pair.1)
    return pair
  }

  /// The operator set in which most of what exporters spell out is one operator.
  private static let tellingOpset = 23

  /// Both models in one operator set: where it can be, in one in which most of what exporters spell out
  /// is an operator, so that both can be said alike; else in the newer of their own, or in the older one
  /// where the newer cannot say what the other model does.
  private static func inOneOperatorSet(
    _ a: Model, _ b: Model
  ) throws(ModelError) -> (Model, Model) {
    guard let first = a.opset(), let second = b.opset() else { return (a, b) }
    func converted(to target: Int) throws(ModelError) -> (Model, Model) {
      let conversion = try OpsetConversion(to: target)
      return (
        first == target ? a : try conversion.convert(a).model,
        second == target ? b : try conversion.convert(b).model
      )
    }
    if let pair = try? converted(to: max(first, second, tellingOpset)) { return pair }
    do {
      return try converted(to: max(first, second))
    } catch {
      guard let pair = try? converted(to: min(first, second)) else {
        throw error.noting("--modulo opset: the models are in operator sets \(first) and \(second)")
      }
      return pair
    }
  }
}

extension Model {
  /// Takes off what fusion recorded, which is no part of what the model was.
  fileprivate mutating func forgetFusions() {
    for id in graph.nodeIDs where graph[id].metadata.contains(where: { $0.key == "lapidary.fused" })
    {
      graph[id].metadata.removeAll { $0.key == "lapidary.fused" }
    }
  }
}
