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
    case .opset: []
    }
  }

  /// A model in the form that the words ask for.
  ///
  /// - Throws: `ModelError` where a word asks for what cannot be done.
  static func canonical(_ model: Model, _ words: Set<Modulo>) throws(ModelError) -> Model {
    if words.contains(.opset) {
      throw ModelError(
        .unsupported,
        "--modulo opset: expected models that can be brought to one operator set, found no conversion between operator sets",
        hint: "convert one of the models with its exporter")
    }
    let rules = Set(words.flatMap(\.rules)).sorted()
    guard !rules.isEmpty else { return model }
    var copy = model
    _ = try PassManager(try Simplify.passes(FusionOptions(only: rules))).run(&copy)
    copy.forgetFusions()
    return copy
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
