internal import IR
internal import Operators
internal import Rewriting

/// Folds a scale and shift per channel into the convolution or product after it.
///
/// `W (a·x + b) + c = (W·a) x + (W b + c)`, where a multiplies the input channels of W. With pads the
/// border sees zeros that were not shifted, so there b has to be zero.
struct FoldAffineBefore: FusionRule {
  static let name = "fold-affine-before"
  static let summary =
    "BatchNormalization, Mul, Div, Add and Sub per channel go into the weights of the layer after"
  static let roots = ["Conv", "ConvTranspose", "Gemm", "MatMul"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let middle = net.input(id, 0), let producer = net.graph[middle].producer,
      let kind = net.kind(id)
    else { return .noMatch }
    let isConvolution = kind == "Conv" || kind == "ConvTranspose"
    let affine: ChannelAffine
    switch net.affine(producer, axis: isConvolution ? 1 : -1) {
    case .other: return .noMatch
    case .declined(let reason):
      return net.kind(producer) == "BatchNormalization" ? .declined(reason) : .noMatch
    case .affine(let found): affine = found
    }
    guard let weightID = net.input(id, 1), net.isFloat(weightID),
      let weight = net.constant(weightID), weight.dimensions.count >= 2
    else {
      return .declined(
        net.overridable(id) ?? "the weight of the layer after is not a constant of type float")
    }
    if let obstacle = net.obstacle(over: middle) ?? net.obstacle(toChanging: weightID)
      ?? net.obstacle(toChanging: net.input(id, 2))
    {
      return .declined(obstacle)
    }
    guard let layer = net.linearLayer(id) else { return .declined("its weight is no matrix") }
    if layer.form.transposesActivation { return .declined("transA is 1") }
    guard affine.fits(layer.inputs) else {
      return .declined("it has another number of channels than the weight")
    }
    // A layer whose input has one channel of its own could be reading a broadcast one.
    guard net.shape(affine.source).map({ isUnbroadcast($0, layer.inputs, isConvolution) }) ?? false
    else { return .declined("the number of channels before it is not known") }
    var bias: [Double]?
    if affine.isShifting {
      switch shifted(layer, affine, net) {
      case .failure(let reason): return .declined(reason.text)
      case .success(let values): bias = values
      }
    }
    guard let scaled = layer.scaledInputs(affine.scale) else {
      return .declined("the weight is not of type float")
    }
    guard scaled.isScaled(from: weight),
      bias?.allSatisfy({ Float($0).isFinite || weight.elementType == .double }) ?? true
    else { return .declined("the weight or the bias would overflow or vanish") }
    let absorbed = net.graph.label(producer)
    let refusal = net.set(
      layer, weight: scaled, bias: bias.map { Tensor(weight.elementType, [$0.count], $0) },
      shifts: bias != nil)
    if let refusal { return .declined(refusal) }
    net.setInput(id, slot: 0, to: affine.source)
    return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
  }

  /// Why something does not fold.
  private struct Reason: Error { let text: String }

  /// The bias of a layer that reads what is not shifted any more.
  private func shifted(
    _ layer: LinearLayer, _ affine: ChannelAffine, _ net: Rewriter
  ) -> Result<[Double], Reason> {
    let form = layer.form
    func declined(_ text: String) -> Result<[Double], Reason> { .failure(Reason(text: text)) }
    guard form.bias != nil || net.rank(affine.source) == 2 else {
      return declined("MatMul takes no bias")
    }
    guard form.kind != .transposedConvolution else {
      return declined("a shift before ConvTranspose is not the same at the border")
    }
    if form.readsPadding {
      return declined("the convolution pads with zeros, which were not shifted")
    }
    guard let sums = layer.sums(affine.shift) else {
      return declined("the weight is not of type float")
    }
    var old = [Double](repeating: 0, count: sums.count)
    if let place = form.bias, let value = net.input(layer.node, place.slot) {
      guard let tensor = net.constant(value), let values = tensor.doubles,
        values.count == sums.count, tensor.dimensions.last == sums.count
      else { return declined("the bias of the layer after is not a constant per channel") }
      old = values
    }
    let factor = form.bias?.factor ?? 1
    return .success(sums.indices.map { form.alpha * sums[$0] + factor * old[$0] })
  }

  private func isUnbroadcast(_ shape: Shape, _ count: Int, _ isConvolution: Bool) -> Bool {
    let axis = isConvolution ? 1 : shape.rank - 1
    return axis >= 0 && axis < shape.rank && shape[axis] == .known(count)
  }
}
