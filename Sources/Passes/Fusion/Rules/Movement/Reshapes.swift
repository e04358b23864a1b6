internal import IR
internal import Operators
internal import Rewriting

extension Rewriter {
  /// Reshape and its kin, which keep all elements in their order.
  static let reshapers = ["Reshape", "Flatten", "Squeeze", "Unsqueeze"]

  /// A constant target with which Reshape turns `from` into `to`: numbers, 0 for lengths that stay at
  /// their axis, and at most one -1; nil when there is none.
  ///
  /// - Parameter isNeverEmpty: whether the tensor had no empty batch before either. Else a -1 does not
  ///   stand beside a length that may be 0, which it could not be told from.
  func reshapeTarget(from: Shape?, to: Shape, isNeverEmpty: Bool = false) -> [Int]? {
    var target: [Int] = []
    var isOpen = false
    for (axis, length) in to.dimensions.enumerated() {
      if let value = length.value {
        // 0 would copy a length.
        guard value > 0 else { return nil }
        target.append(value)
      } else if length != .unknown, let from, axis < from.rank, from[axis] == length {
        target.append(0)
      } else {
        guard !isOpen else { return nil }
        isOpen = true
        target.append(-1)
      }
    }
    return isOpen && !isNeverEmpty && target.contains(0) ? nil : target
  }

  /// Whether a node that keeps all elements in their order cannot run on an empty batch: a target
  /// with a length to follow beside one that is copied.
  mutating func refusesEmptyBatches(_ id: NodeID) -> Bool {
    guard kind(id) == "Reshape", int(id, "allowzero", 0) == 0,
      let target = input(id, 1).flatMap({ elements($0) }), target.contains(.known(-1))
    else { return false }
    return target.contains { $0.value == nil || $0 == .known(0) }
  }

  /// Makes a node the Reshape of another value to a constant target, or says why that cannot be.
  mutating func becomeReshape(_ id: NodeID, _ source: ValueID, _ target: [Int]) -> String? {
    var patch = patch(before: id)
    let shape = patch.constant(
      Tensor(int64: target, [target.count]), stem: "\(graph[output(id)!].name)_shape")
    return join(patch, as: id, "Reshape", [term(source), shape])
  }
}

/// `reshape(reshape(x, s), t) = reshape(x, t)`, whatever of Reshape, Flatten, Squeeze and Unsqueeze
/// the two are.
struct MergeReshapes: FusionRule {
  static let name = "merge-reshapes"
  static let summary = "Reshape, Flatten, Squeeze and Unsqueeze in a row become one"
  static let roots = Rewriter.reshapers

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let middle = net.input(id, 0), let producer = net.graph[middle].producer,
      let kind = net.kind(producer), Self.roots.contains(kind),
      let source = net.input(producer, 0), let result = net.output(id)
    else { return .noMatch }
    guard let shape = net.shape(result) else {
      return .declined("the shape of '\(net.graph[result].name)' is not known")
    }
    let absorbed = net.graph.label(producer)
    if let from = net.shape(source), from == shape, !shape.dimensions.contains(.unknown) {
      if let obstacle = net.bypass(id, with: source) { return .declined(obstacle) }
      return .applied("it undoes \(absorbed)")
    }
    if let obstacle = net.obstacle(over: middle) { return .declined(obstacle) }
    let isNeverEmpty = net.refusesEmptyBatches(id) || net.refusesEmptyBatches(producer)
    guard
      let target = net.reshapeTarget(
        from: net.shape(source), to: shape, isNeverEmpty: isNeverEmpty)
    else {
      return .declined("no constant target gives the shape \(shape)")
    }
    if let refusal = net.becomeReshape(id, source, target) { return .declined(refusal) }
    return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
  }
}

/// The target of a Reshape that is computed in the graph becomes a constant where its lengths are
/// known, stay as they were, or follow from the number of elements.
struct FoldReshapeTarget: FusionRule {
  static let name = "fold-reshape-target"
  static let summary = "computed targets of Reshape become constants with at most one -1"
  static let roots = ["Reshape"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let target = net.input(id, 1), net.constant(target) == nil, let source = net.input(id, 0),
      let result = net.output(id)
    else { return .noMatch }
    guard let shape = net.shape(result) else { return .declined("its shape is not known") }
    // Then only the declaration of an output says what it will be, and the input must stay in use.
    guard !net.graph.isInput(target) else { return .declined("its target is given at run time") }
    guard
      let fixed = net.reshapeTarget(
        from: net.shape(source), to: shape, isNeverEmpty: net.refusesEmptyBatches(id))
    else {
      return .declined("no constant target gives the shape \(shape)")
    }
    let constant = net.newConstant(
      net.graph[target].name, Tensor(int64: fixed, [fixed.count]))
    net.setAttribute(id, "allowzero", nil)
    net.setInput(id, slot: 1, to: constant)
    return .applied("its target is the constant \(fixed)")
  }
}

/// A Transpose that moves only axes of length 1 moves no element: beside a Reshape it is one.
struct TransposeAsReshape: FusionRule {
  static let name = "transpose-as-reshape"
  static let summary = "a Transpose that moves no element joins the Reshape beside it"
  static let roots = ["Transpose"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let source = net.input(id, 0), let order = net.permutation(id),
      let from = net.shape(source), from.rank == order.count, let result = net.output(id)
    else { return .noMatch }
    let moving = order.filter { from[$0] != .known(1) }
    guard moving == moving.sorted() else { return .noMatch }
    let before = net.graph[source].producer.flatMap { net.kind($0) }
    let after = net.graph.onlyConsumer(of: result).flatMap { net.kind($0) }
    guard Rewriter.reshapers.contains(before ?? "") || Rewriter.reshapers.contains(after ?? "")
    else { return .noMatch }
    let shape = Shape(order.map { from[$0] })
    guard let target = net.reshapeTarget(from: from, to: shape) else {
      return .declined("no constant target gives the shape \(shape)")
    }
    if let refusal = net.becomeReshape(id, source, target) { return .declined(refusal) }
    return .applied("it moves no element")
  }
}

/// A reduction that keeps its axes, followed by their removal, removes them itself.
struct SqueezeReduction: FusionRule {
  static let name = "squeeze-reduction"
  static let summary = "a reduction followed by the removal of its axes removes them itself"
  static let roots = Rewriter.reshapers

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let middle = net.input(id, 0), let producer = net.graph[middle].producer,
      let kind = net.kind(producer), kind.hasPrefix("Reduce"),
      net.int(producer, "keepdims", 1) == 1, net.int(producer, "noop_with_empty_axes", 0) == 0,
      let shape = net.shape(middle), let result = net.output(id), let wanted = net.shape(result)
    else { return .noMatch }
    // Without axes all are reduced.
    guard let given = net.axes(producer) ?? (net.input(producer, 1) == nil ? [] : nil) else {
      return .noMatch
    }
    let axes = given.isEmpty ? Array(shape.dimensions.indices) : given
    let places = Set(axes.map { $0 < 0 ? $0 + shape.rank : $0 })
    let kept = shape.dimensions.indices.filter { !places.contains($0) }.map { shape[$0] }
    guard Shape(kept) == wanted, !kept.contains(.unknown) else { return .noMatch }
    if let obstacle = net.obstacle(over: middle) { return .declined(obstacle) }
    let absorbed = net.graph.label(id)
    net.remove(id)
    net.takeOver(producer, slot: 0, result)
    net.setAttribute(producer, "keepdims", .int(0))
    return .applied(
      "\(absorbed) went into \(net.graph.label(producer))", survivor: producer,
      absorbed: [absorbed])
  }
}
