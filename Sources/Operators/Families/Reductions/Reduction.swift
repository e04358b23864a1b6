package import IR
package import Kernels

/// The attributes that all reductions have.
package struct ReductionSettings: Sendable {
  /// The axes given as an attribute (older opsets); nil when absent or given as an input.
  package let axes: [Int]?
  /// Whether input 1 holds the axes.
  package let axesAreInput: Bool
  /// Whether reduced axes stay, with length 1.
  package let keepsAxes: Bool
  /// Whether no axes means none rather than all.
  package let emptyMeansNone: Bool

  package init(_ node: NodeView, axesAreInput: Bool) throws(ModelError) {
    self.axesAreInput = axesAreInput
    keepsAxes = try node.flag("keepdims", default: true)
    axes = axesAreInput ? nil : try node.ints("axes")
    emptyMeansNone = axesAreInput ? try node.flag("noop_with_empty_axes") : false
    if !axesAreInput, node.inputs.count > 1 {
      throw ModelError(
        .invalid, "\(node.label): expected 1 input at this opset, found \(node.inputs.count)")
    }
  }

  /// The axes to reduce, non-negative and ascending.
  package func resolve(
    _ given: [Int]?, rank: Int, label: String
  ) throws(ModelError) -> [Int] {
    let axes = given ?? axes ?? []
    if axes.isEmpty { return emptyMeansNone ? [] : Array(0..<rank) }
    return try normalizedAxes(axes, rank: rank, label: label).sorted()
  }
}

/// One tensor in, one out in which the elements along some axes became one.
package protocol Reduction: Operator {
  var function: ReduceFunction { get }
  var settings: ReductionSettings { get }
}

extension Reduction {
  package var conditioning: Conditioning { function.conditioning }

  /// The axes to reduce; nil when they or the rank are not known.
  private func axes(_ inputs: Inputs) throws(ModelError) -> [Int]? {
    guard let rank = inputs.rank(0) else { return nil }
    guard settings.axesAreInput, inputs.has(1) else {
      return try settings.resolve(nil, rank: rank, label: inputs.label)
    }
    guard let given = inputs.knownIntegers(1) else { return nil }
    return try settings.resolve(given, rank: rank, label: inputs.label)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.elementType(0)
    guard let shape = inputs.shape(0) else { return [Inferred(type, nil)] }
    guard let axes = try axes(inputs) else {
      let unknown = Shape([Dimension](repeating: .unknown, count: shape.rank))
      return [Inferred(type, settings.keepsAxes ? unknown : nil)]
    }
    var dimensions: [Dimension] = []
    for (axis, length) in shape.dimensions.enumerated() {
      if !axes.contains(axis) {
        dimensions.append(length)
      } else if settings.keepsAxes {
        dimensions.append(1)
      }
    }
    return [Inferred(type, Shape(dimensions), data: propagate(inputs, axes))]
  }

  /// The result for a small vector of integers, such as the product of a shape.
  private func propagate(_ inputs: Inputs, _ axes: [Int]) -> [Dimension]? {
    guard axes == [0], let values = inputs.shapeData(0), let first = values.first else {
      return nil
    }
    let combine: (Dimension, Dimension) -> Dimension
    switch function {
    case .sum: combine = { $0 + $1 }
    case .product: combine = { $0 * $1 }
    case .maximum: combine = { Dimension.maximum($0, $1) }
    case .minimum: combine = { Dimension.minimum($0, $1) }
    default: return nil
    }
    return [values.dropFirst().reduce(first, combine)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    var x = try context.source(0)
    let given = settings.axesAreInput ? try context.integers(1) : nil
    let axes = try settings.resolve(given, rank: x.shape.count, label: context.label)
    let shape = x.shape.enumerated().compactMap { axis, length in
      axes.contains(axis) ? (settings.keepsAxes ? 1 : nil) : length
    }
    var y = try context.output(0, context.input(0).elementType, shape)
    if x.scalar == .bool, function == .maximum || function == .minimum {
      x = Source(.uint8, x.shape, x.bytes)
      y = Target(.uint8, y.shape, y.bytes)
    }
    guard reduce(function, x, axes: axes, into: y) else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let shape = inputs.shape(0) else { return .barrier("shape of input 0 is not known") }
    guard let axes = try? axes(inputs) else { return .barrier("axes are not constant") }
    var relations: [ChannelRule.Relation] = []
    var target = 0
    for axis in shape.dimensions.indices {
      if axes.contains(axis) {
        relations.append(.reduced(Axis(.input(0), axis)))
        if settings.keepsAxes { target += 1 }
      } else {
        relations.append(.same(Axis(.input(0), axis), Axis(.output(0), target)))
        target += 1
      }
    }
    return ChannelRule(relations)
  }
}

extension Reduction {
  /// A rule in which the cotangent and the result have reduced axes with length 1; `count` elements
  /// went into one.
  func reduced(
    _ rule: @escaping @Sendable (_ g: Term, _ x: Term, _ y: Term, _ count: Term) -> Term
  ) -> Gradient {
    .rule { [self] call throws(ModelError) in
      guard let axes = try axes(call.facts) else { throw call.unknown("its axes") }
      let x = try call.input(0)
      var g = try call.cotangent(0), y = try call.output(0)
      if !settings.keepsAxes { (g, y) = (g.unsqueezed(axes), y.unsqueezed(axes)) }
      return [rule(g, x, y, try call.count(over: 0)).typed(as: x.type)]
    }
  }

  /// The rule of the largest or smallest: equal ones share the cotangent.
  var extreme: Gradient {
    .rule { [self] call throws(ModelError) in
      guard let axes = try axes(call.facts) else { throw call.unknown("its axes") }
      let x = try call.input(0)
      var g = try call.cotangent(0), y = try call.output(0)
      if !settings.keepsAxes { (g, y) = (g.unsqueezed(axes), y.unsqueezed(axes)) }
      let misses = function == .maximum ? x.isBelow(y) : x.isAbove(y)
      return [g.shared(among: misses.negated, axes: axes).typed(as: x.type)]
    }
  }
}
