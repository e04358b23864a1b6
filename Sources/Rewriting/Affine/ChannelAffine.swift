package import IR

/// A node that computes `scale·x + shift` with constants per channel: BatchNormalization at
/// inference, or Mul, Div, Add and Sub with a constant.
package struct ChannelAffine {
  /// What is scaled and shifted.
  package let source: ValueID
  /// One number a channel, or one for all.
  package let scale: [Double]
  /// One number a channel, or one for all.
  package let shift: [Double]

  /// What a normalisation by stored statistics multiplies with and adds:
  /// `s·(x − m)/√(v + ε) + b = (s/√(v + ε))·x + (b − m·s/√(v + ε))`.
  ///
  /// All lists are of one length, a number a channel. A variance that is not positive gives a scale
  /// that is not finite.
  package init(
    source: ValueID, scale: [Double], bias: [Double], mean: [Double], variance: [Double],
    epsilon: Double
  ) {
    let factors = scale.indices.map { scale[$0] / (variance[$0] + epsilon).squareRoot() }
    self.init(
      source: source, scale: factors,
      shift: scale.indices.map { bias[$0] - factors[$0] * mean[$0] })
  }

  /// A factor and a shift, for each channel or for all.
  init(source: ValueID, scale: [Double], shift: [Double]) {
    self.source = source
    self.scale = scale
    self.shift = shift
  }

  /// Whether anything is added.
  package var isShifting: Bool { shift.contains { $0 != 0 } }
  /// Whether anything is multiplied with another number than 1.
  package var isScaling: Bool { scale.contains { $0 != 1 } }

  /// Whether it fits `count` channels.
  package func fits(_ count: Int) -> Bool {
    [1, count].contains(scale.count) && [1, count].contains(shift.count)
  }

  /// The factor of a channel.
  package func scale(_ channel: Int) -> Double { scale.count == 1 ? scale[0] : scale[channel] }
  /// What is added to a channel.
  package func shift(_ channel: Int) -> Double { shift.count == 1 ? shift[0] : shift[channel] }
}

/// What reading a node as a `ChannelAffine` gives.
package enum AffineReading {
  /// The node is another operation.
  case other
  /// It could be one but for a reason.
  case declined(String)
  case affine(ChannelAffine)
}

extension Rewriter {
  /// Reads a node as scale and shift along `axis` of its input; a negative axis counts from the end.
  package mutating func affine(_ id: NodeID, axis: Int) -> AffineReading {
    switch kind(id) {
    case "BatchNormalization":
      // Its channels lie along axis 1, which is the last one of a matrix.
      guard axis == 1 || (axis == -1 && rank(input(id, 0)) == 2) else { return .other }
      return batchNormalization(id)
    case "Mul", "Div", "Add", "Sub": return arithmetic(id, axis: axis)
    default: return .other
    }
  }

  private func batchNormalization(_ id: NodeID) -> AffineReading {
    let node = graph[id]
    guard node.inputs.count == 5, let source = node.inputs[0] else { return .other }
    let training = int(id, "training_mode", 0)
    if training != 0 { return .declined("training_mode is \(training)") }
    if int(id, "spatial", 1) == 0 { return .declined("spatial is 0") }
    let statistics = node.outputs.dropFirst().compactMap { $0 }
    if opset < 14, !statistics.isEmpty {
      return .declined("it names its statistics, which before opset 14 means training")
    }
    if statistics.contains(where: { !graph[$0].uses.isEmpty }) {
      return .declined("its running statistics are read")
    }
    let parameters = node.inputs[1...4].map { $0.flatMap { constant($0)?.doubles } }
    guard let scale = parameters[0], let bias = parameters[1], let mean = parameters[2],
      let variance = parameters[3]
    else { return .declined("scale, bias, mean or variance is not constant") }
    let count = scale.count
    guard bias.count == count, mean.count == count, variance.count == count else {
      return .declined("its parameters have different lengths")
    }
    let affine = ChannelAffine(
      source: source, scale: scale, bias: bias, mean: mean, variance: variance,
      epsilon: Double(float(id, "epsilon", 1e-5)))
    guard affine.scale.allSatisfy(\.isFinite) else {
      return .declined("its variance is not positive")
    }
    return .affine(affine)
  }

  private func arithmetic(_ id: NodeID, axis: Int) -> AffineReading {
    guard let (slot, tensor, source) = constantOperand(id), isFloat(source),
      let values = tensor.doubles
    else { return .other }
    guard let rank = rank(source) else { return .declined("the rank of its input is not known") }
    let lengths = tensor.dimensions
    guard lengths.count <= rank else {
      return .declined("its constant has more axes than its input")
    }
    let place = (axis < 0 ? axis + rank : axis) - (rank - lengths.count)
    for (index, length) in lengths.enumerated() where length != 1 && index != place {
      return .declined("its constant of shape \(lengths) is not one number a channel")
    }
    guard values.allSatisfy(\.isFinite) else { return .declined("its constant is not finite") }
    switch (graph[id].type, slot) {
    case ("Mul", _): return .affine(ChannelAffine(source: source, scale: values, shift: [0]))
    case ("Add", _): return .affine(ChannelAffine(source: source, scale: [1], shift: values))
    case ("Sub", 1):
      return .affine(ChannelAffine(source: source, scale: [1], shift: values.map { -$0 }))
    case ("Sub", _): return .affine(ChannelAffine(source: source, scale: [-1], shift: values))
    case ("Div", 1):
      guard values.allSatisfy({ $0 != 0 && (1 / $0).isFinite }) else {
        return .declined("it divides by zero")
      }
      return .affine(ChannelAffine(source: source, scale: values.map { 1 / $0 }, shift: [0]))
    default: return .other
    }
  }
}
