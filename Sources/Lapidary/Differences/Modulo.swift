internal import IR
internal import Operators
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

  /// Rules that spell products of two matrices as they are only where there are two axes.
  private static let joining: Set = ["matmul-add", "simplify-gemm"]

  /// Two forms with products and additions apart, and reshapes behind what does not ask for axes: the form
  /// in which layers on two axes and on more are the same.
  ///
  /// - Returns: nil where that changes neither.
  static func spread(
    _ forms: (Model, Model), _ words: Set<Modulo>
  ) throws(ModelError) -> (Model, Model)? {
    let rules = Set(words.flatMap(\.rules)).subtracting(joining).sorted()
    let passes = try Simplify.passes(FusionOptions(only: rules))
    func spread(_ model: inout Model) throws(ModelError) -> Bool {
      let isApart = words.contains(.fold) && model.evenProducts()
      let isSunk = words.contains(.shapes) && model.sinkReshapes()
      guard isApart || isSunk else { return false }
      _ = try PassManager(passes).run(&model)
      if words.contains(.shapes), model.evenMovement() { _ = try PassManager(passes).run(&model) }
      model.forgetFusions()
      return true
    }
    var forms = forms
    let first = try spread(&forms.0)
    return try spread(&forms.1) || first ? forms : nil
  }

  /// Both models with the lengths that the other has at its inputs where their own are open, so that what
  /// follows from lengths can be computed in both alike. Models whose inputs do not go together stay.
  static func bound(_ a: Model, _ b: Model) -> (Model, Model) {
    (bound(a, by: b) ?? a, bound(b, by: a) ?? b)
  }

  /// A model whose outputs have the types that follow from its inputs, where exporters leave lengths open
  /// or give them names of their own.
  static func stated(_ model: Model) -> Model {
    guard let facts = try? inferTypes(model) else { return model }
    var stated = model
    for (index, info) in model.graph.outputs.enumerated() {
      guard case .tensor(let declared)? = info.type, let shape = declared.shape,
        let inferred = facts.operand(info.value).type.shape, shape.rank == inferred.rank
      else { continue }
      let lengths = zip(shape.dimensions, inferred.dimensions).map {
        $0.value == nil && $1 != .unknown ? $1 : $0
      }
      stated.graph.setOutputType(
        index, .tensor(TensorType(declared.elementType, Shape(lengths))))
    }
    return stated
  }

  private static func bound(_ model: Model, by other: Model) -> Model? {
    let ports = (model.graph.requiredInputs, other.graph.requiredInputs)
    guard ports.0.count == ports.1.count else { return nil }
    let names = ports.1.map { other.graph[$0.value].name }
    var lengths: [String: Int] = [:]
    var pairs: [String] = []
    for (index, port) in ports.0.enumerated() {
      let name = model.graph[port.value].name
      let partner = ports.1[names.firstIndex(of: name) ?? index]
      guard let own = port.type?.tensor?.shape, let its = partner.type?.tensor?.shape,
        own.rank == its.rank
      else { continue }
      for axis in own.dimensions.indices where own[axis].value == nil {
        guard let length = its[axis].value else { continue }
        if let symbol = own[axis].expression?.symbol {
          guard lengths[symbol, default: length] == length else { return nil }
          lengths[symbol] = length
        }
        pairs.append("\(name):\(axis)=\(length)")
      }
    }
    var bound = model
    guard !pairs.isEmpty, (try? FixDimensions(pairs).run(&bound)) != nil else { return nil }
    return bound
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
