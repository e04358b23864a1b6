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
    guard let layer = linearLayer(producer) else { return weightOutcome(id, producer) }
    let affine: ChannelAffine
    switch self.affine(id, axis: layer.outputAxis) {
    case .other: return .noMatch
    case .declined(let reason): return .declined(reason)
    case .affine(let found): affine = found
    }
    if let obstacle = obstacle(over: middle)
      ?? obstacle(toChanging: input(producer, layer.weightSlot))
      ?? obstacle(toChanging: input(producer, layer.biasSlot))
    {
      return .declined(obstacle)
    }
    if let extra = graph[producer].outputs.dropFirst().compactMap({ $0 }).first(where: {
      !graph[$0].uses.isEmpty
    }) {
      return .declined("'\(graph[extra].name)' is used")
    }
    guard affine.fits(layer.count) else {
      return .declined(
        "it has \(max(affine.scale.count, affine.shift.count)) channels, the weight \(layer.count)")
    }
    var bias = [Double](repeating: 0, count: layer.count)
    let biasID = input(producer, layer.biasSlot)
    if let biasID {
      guard let constant = constant(biasID), let values = constant.doubles,
        (values.count == layer.count && (constant.dimensions.last == layer.count))
          || (values.count == 1 && layer.broadcastsBias)
      else {
        return .declined("the bias of \(graph.label(producer)) is not a constant per channel")
      }
      bias = values.count == layer.count ? values : Array(repeating: values[0], count: layer.count)
    }
    // A product of matrices takes a bias as a Gemm.
    let isMatrixProduct = graph[producer].type == "MatMul" && rank(input(producer, 0)) == 2
    let takesBias =
      isMatrixProduct || !["MatMul", "RMSNormalization"].contains(graph[producer].type)
    if affine.isShifting, !takesBias {
      return .declined("\(graph.label(producer)) takes no bias")
    }
    var weight: Tensor?
    if affine.isScaling {
      weight = layer.scaledWeight(affine.scale)
      guard let weight else { return .declined("its weight is not of type float") }
      guard weight.isScaled(from: layer.weight) else {
        return .declined("the weight would overflow or vanish")
      }
    }
    var shifted: Tensor?
    if takesBias, affine.isShifting || biasID != nil {
      let values = bias.indices.map {
        affine.scale($0) * (bias[$0] * layer.biasFactor) + affine.shift($0)
      }
      let tensor = Tensor(layer.weight.elementType, [layer.count], values)
      guard tensor.doubles?.allSatisfy(\.isFinite) ?? false || !bias.allSatisfy(\.isFinite) else {
        return .declined("the bias would overflow")
      }
      shifted = tensor
    }
    let absorbed = graph.label(id)
    let stem = graph[input(producer, layer.weightSlot)!].name
    remove(id)
    takeOver(producer, slot: 0, result)
    if isMatrixProduct, affine.isShifting {
      become(producer, "Gemm", inputs: graph[producer].inputs, attributes: [])
    }
    if let weight { replaceConstant(producer, slot: layer.weightSlot, stem: stem, with: weight) }
    if let shifted {
      replaceConstant(
        producer, slot: layer.biasSlot, stem: biasID.map { graph[$0].name } ?? "\(stem)_bias",
        with: shifted)
      if layer.biasFactor != 1 { setAttribute(producer, "beta", .float(1)) }
    }
    return .applied(
      "\(absorbed) went into \(graph.label(producer))", survivor: producer, absorbed: [absorbed])
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
