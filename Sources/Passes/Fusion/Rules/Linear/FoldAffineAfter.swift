internal import IR
internal import Operators
internal import Rewriting

/// Folds a BatchNormalization into the convolution, product or normalisation before it.
///
/// With scale s, bias b, mean m, variance v and a = s / sqrt(v + ε):
/// `a·(W x + c − m) + b = (a·W) x + (a·c + b − a·m)`, where a multiplies the output channels of W.
struct FoldBatchNormalization: FusionRule {
  static let name = "fold-batch-normalization"
  static let summary = "BatchNormalization goes into the weights of the layer before it"
  static let roots = ["BatchNormalization"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    net.foldIntoLayerBefore(id)
  }
}

/// Folds a scale or shift per channel into the layer before it, a BatchNormalization spelled as
/// Sub, Mul and Add among them: `a·(W x + c) + b = (a·W) x + (a·c + b)`.
struct FoldScaleShift: FusionRule {
  static let name = "fold-scale-shift"
  static let summary =
    "Mul, Div, Add and Sub by constants per channel go into the weights of the layer before"
  static let roots = ["Mul", "Div", "Add", "Sub"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    net.foldIntoLayerBefore(id)
  }
}

extension Rewriter {
  /// Folds a node that scales and shifts channels into the layer that produces its input.
  fileprivate mutating func foldIntoLayerBefore(_ id: NodeID) -> FusionOutcome {
    let slot = constantOperand(id)?.slot == 0 ? 1 : 0
    guard let middle = input(id, slot), let result = output(id),
      let producer = graph[middle].producer
    else { return .noMatch }
    guard let layer = linearLayer(producer), let axis = layer.form.outputAxis else {
      return weightOutcome(id, producer)
    }
    let affine: ChannelAffine
    switch self.affine(id, axis: axis) {
    case .other: return .noMatch
    case .declined(let reason): return .declined(reason)
    case .affine(let found): affine = found
    }
    if let obstacle = obstacle(toFoldingInto: layer, over: middle) { return .declined(obstacle) }
    guard affine.fits(layer.outputs) else {
      return .declined(
        "it has \(max(affine.scale.count, affine.shift.count)) channels, the weight \(layer.outputs)"
      )
    }
    let parameters: (weight: Tensor?, bias: Tensor?)
    switch folded(affine, into: layer) {
    case .declined(let reason): return .declined(reason)
    case .parameters(let weight, let bias): parameters = (weight, bias)
    }
    let absorbed = graph.label(id)
    if let refusal = set(
      layer, weight: parameters.weight, bias: parameters.bias, shifts: affine.isShifting)
    {
      return .declined(refusal)
    }
    remove(id)
    takeOver(producer, slot: 0, result)
    return .applied(
      "\(absorbed) went into \(graph.label(producer))", survivor: producer, absorbed: [absorbed])
  }

  /// Why nothing may go into a layer whose result is `middle`.
  private func obstacle(toFoldingInto layer: LinearLayer, over middle: ValueID) -> String? {
    let bias = layer.form.bias.flatMap { input(layer.node, $0.slot) }
    if let obstacle = obstacle(over: middle)
      ?? obstacle(toChanging: input(layer.node, layer.form.weight)) ?? obstacle(toChanging: bias)
    {
      return obstacle
    }
    let extra = graph[layer.node].outputs.dropFirst().compactMap { $0 }
      .first { !graph[$0].uses.isEmpty }
    return extra.map { "'\(graph[$0].name)' is used" }
  }

  /// The weight and the bias with which a layer scales and shifts too; nil for what stays.
  private enum Folded {
    case declined(String)
    case parameters(weight: Tensor?, bias: Tensor?)
  }

  private func folded(_ affine: ChannelAffine, into layer: LinearLayer) -> Folded {
    let producer = layer.node, place = layer.form.bias
    var bias = [Double](repeating: 0, count: layer.outputs)
    let biasID = place.flatMap { input(producer, $0.slot) }
    if let biasID {
      guard let constant = constant(biasID), let values = constant.doubles,
        (values.count == layer.outputs && constant.dimensions.last == layer.outputs)
          || (values.count == 1 && place?.broadcasts ?? false)
      else {
        return .declined("the bias of \(graph.label(producer)) is not a constant per channel")
      }
      bias = values.count == bias.count ? values : bias.map { _ in values[0] }
    }
    // A product of matrices takes a bias as a Gemm.
    let takesBias = place != nil || isMatrixProduct(layer)
    if affine.isShifting, !takesBias {
      return .declined("\(graph.label(producer)) takes no bias")
    }
    var weight: Tensor?
    if affine.isScaling {
      weight = layer.scaledOutputs(affine.scale)
      guard let weight else { return .declined("its weight is not of type float") }
      guard weight.isScaled(from: layer.weight) else {
        return .declined("the weight would overflow or vanish")
      }
    }
    guard takesBias, affine.isShifting || biasID != nil else {
      return .parameters(weight: weight, bias: nil)
    }
    let values = bias.indices.map {
      affine.scale($0) * (bias[$0] * (place?.factor ?? 1)) + affine.shift($0)
    }
    let shifted = Tensor(layer.weight.elementType, [layer.outputs], values)
    guard shifted.doubles?.allSatisfy(\.isFinite) ?? false || !bias.allSatisfy(\.isFinite) else {
      return .declined("the bias would overflow")
    }
    return .parameters(weight: weight, bias: shifted)
  }

  /// Gives a layer another weight and another bias, which stands for the old one with its factor.
  ///
  /// - Parameter shifts: whether a product without a bias gets one.
  /// - Returns: why that cannot be, or nil when it is done.
  mutating func set(
    _ layer: LinearLayer, weight: Tensor?, bias: Tensor?, shifts: Bool
  ) -> String? {
    let id = layer.node, slot = layer.form.bias?.slot ?? 2
    let stem = input(id, layer.form.weight).map { graph[$0].name } ?? graph.label(id)
    let old = input(id, slot).map { graph[$0].name }
    if shifts, isMatrixProduct(layer), let bias {
      var patch = patch(before: id)
      let addend = patch.constant(bias, stem: "\(stem)_bias")
      let factors = graph[id].inputs.map { $0.map { term($0) } }
      if let refusal = join(patch, as: id, "Gemm", factors + [addend]) { return refusal }
    }
    if let weight { replaceConstant(id, slot: layer.form.weight, stem: stem, with: weight) }
    guard let bias, !(shifts && isMatrixProduct(layer)) else { return nil }
    replaceConstant(id, slot: slot, stem: old ?? "\(stem)_bias", with: bias)
    if let place = layer.form.bias, place.factor != 1 { setAttribute(id, "beta", .float(1)) }
    return nil
  }

  /// Why a node's constants are none: an input of the graph may override one.
  func overridable(_ id: NodeID) -> String? {
    for value in graph[id].inputs.compactMap({ $0 })
    where graph[value].initializer != nil && graph.isInput(value) && constant(value) == nil {
      return "'\(graph[value].name)' is also listed as an input and may be overridden"
    }
    return nil
  }

  /// Why nothing folds although the layer before could have a weight.
  private mutating func weightOutcome(_ id: NodeID, _ producer: NodeID) -> FusionOutcome {
    guard let kind = kind(producer), ["Conv", "ConvTranspose", "Gemm"].contains(kind),
      self.kind(id) == "BatchNormalization" || constantOperand(id) != nil
    else { return .noMatch }
    if let reason = overridable(producer) { return .declined(reason) }
    return .declined(
      "the weight of \(graph.label(producer)) is not a constant of type float or double")
  }
}
