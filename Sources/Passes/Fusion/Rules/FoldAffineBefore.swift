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
    let columns: InputChannels
    switch kind {
    case "Conv":
      let groups = net.int(id, "group", 1)
      guard groups > 0, weight.dimensions[0] % groups == 0 else { return .noMatch }
      columns = InputChannels(weight, axis: 1, groups: groups)
    case "ConvTranspose": columns = InputChannels(weight, axis: 0, groups: 1)
    case "Gemm":
      if net.int(id, "transA", 0) != 0 { return .declined("transA is 1") }
      columns = InputChannels(weight, axis: net.int(id, "transB", 0) != 0 ? 1 : 0, groups: 1)
    default:
      guard weight.dimensions.count == 2 else { return .declined("its weight is no matrix") }
      columns = InputChannels(weight, axis: 0, groups: 1)
    }
    guard affine.fits(columns.count) else {
      return .declined("it has another number of channels than the weight")
    }
    // A layer whose input has one channel of its own could be reading a broadcast one.
    guard net.shape(affine.source).map({ isUnbroadcast($0, columns.count, isConvolution) }) ?? false
    else { return .declined("the number of channels before it is not known") }
    var bias: [Double]?
    if affine.isShifting {
      guard kind != "MatMul" || net.rank(affine.source) == 2 else {
        return .declined("MatMul takes no bias")
      }
      guard kind != "ConvTranspose" else {
        return .declined("a shift before ConvTranspose is not the same at the border")
      }
      if kind == "Conv", net.hasPads(id) {
        return .declined("the convolution pads with zeros, which were not shifted")
      }
      guard let sums = columns.sums(affine.shift) else {
        return .declined("the weight is not of type float")
      }
      let alpha = kind == "Gemm" ? Double(net.float(id, "alpha", 1)) : 1
      let beta = kind == "Gemm" ? Double(net.float(id, "beta", 1)) : 1
      var old = [Double](repeating: 0, count: sums.count)
      if let value = net.input(id, 2) {
        guard let tensor = net.constant(value), let values = tensor.doubles,
          values.count == sums.count, tensor.dimensions.last == sums.count
        else { return .declined("the bias of the layer after is not a constant per channel") }
        old = values
      }
      bias = sums.indices.map { alpha * sums[$0] + beta * old[$0] }
    }
    guard let scaled = columns.scaled(affine.scale) else {
      return .declined("the weight is not of type float")
    }
    guard scaled.isScaled(from: weight),
      bias?.allSatisfy({ Float($0).isFinite || weight.elementType == .double }) ?? true
    else { return .declined("the weight or the bias would overflow or vanish") }
    let absorbed = net.graph.label(producer)
    let stem = net.graph[weightID].name
    net.setInput(id, slot: 0, to: affine.source)
    if kind == "MatMul", bias != nil {
      net.become(id, "Gemm", inputs: net.graph[id].inputs, attributes: [])
    }
    net.replaceConstant(id, slot: 1, stem: stem, with: scaled)
    if let bias {
      let name = net.input(id, 2).map { net.graph[$0].name } ?? "\(stem)_bias"
      net.replaceConstant(
        id, slot: 2, stem: name, with: Tensor(weight.elementType, [bias.count], bias))
      if kind == "Gemm" { net.setAttribute(id, "beta", .float(1)) }
    }
    return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
  }

  private func isUnbroadcast(_ shape: Shape, _ count: Int, _ isConvolution: Bool) -> Bool {
    let axis = isConvolution ? 1 : shape.rank - 1
    return axis >= 0 && axis < shape.rank && shape[axis] == .known(count)
  }
}

extension Rewriter {
  /// Whether a convolution sees anything but its input: pads that are not all zero.
  mutating func hasPads(_ id: NodeID) -> Bool {
    switch string(id, "auto_pad", "NOTSET") {
    case "NOTSET": ints(id, "pads")?.contains { $0 != 0 } ?? false
    case "VALID": false
    default: true
    }
  }
}

/// Where input channels lie in a weight.
private struct InputChannels {
  private let weight: Tensor
  private let axis: Int
  private let groups: Int

  init(_ weight: Tensor, axis: Int, groups: Int) {
    self.weight = weight
    self.axis = axis
    self.groups = groups
  }

  private var inner: Int { weight.dimensions[(axis + 1)...].reduce(1, *) }
  private var outer: Int { weight.dimensions[..<axis].reduce(1, *) }
  private var length: Int { weight.dimensions[axis] }

  /// The number of input channels.
  var count: Int { length * groups }

  /// The input channel that a run of the weight multiplies.
  private func channel(_ run: Int) -> Int {
    let row = run / length, column = run % length
    return groups == 1 ? column : row * groups / outer * length + column
  }

  /// The weight with what multiplies input channel c multiplied by `factors[c]`.
  func scaled(_ factors: [Double]) -> Tensor? {
    weight.scaled(runs: outer * length, of: inner) { run in
      factors.count == 1 ? factors[0] : factors[channel(run)]
    }
  }

  /// For each output channel the sum of its weights times the shifts of their input channels.
  func sums(_ shifts: [Double]) -> [Double]? {
    guard let values = weight.doubles else { return nil }
    // Output channels lie on the other of the first two axes.
    let outputs = axis == 1 ? weight.dimensions[0] : weight.dimensions[1]
    var sums = [Double](repeating: 0, count: outputs)
    for run in 0..<outer * length {
      let shift = shifts.count == 1 ? shifts[0] : shifts[channel(run)]
      for place in 0..<inner {
        let output = axis == 1 ? run / length : place
        sums[output] += values[run * inner + place] * shift
      }
    }
    return sums
  }
}
