package import IR
import Kernels

/// Groups of channels of each sample brought to mean 0 and variance 1, then scaled and shifted: one
/// parameter a group at opset 18, one a channel from 21 on
/// (https://onnx.ai/onnx/operators/onnx__GroupNormalization.html).
package struct GroupNormalization: Operator {
  package static let schema = Schema(
    "GroupNormalization", opsets: 18...28,
    signature: """
      21: (T, T, T) -> T; <epsilon: float = 1e-05, num_groups: int!, stash_type: int = 1>;
        T: floats bfloat16
      """)

  /// How many groups the channels form.
  package let groups: Int
  /// What is added to the variance.
  package let epsilon: Float
  /// Whether scale and bias have one element a channel.
  package let isPerChannel: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    groups = try node.int("num_groups")
    guard groups > 0 else {
      throw node.mismatch("num_groups", expected: "a positive number", found: "\(groups)")
    }
    epsilon = try node.float("epsilon", default: 1e-5)
    isPerChannel = opset >= 21
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...Int.max)
    if let channels = inputs.shape(0)?[1].value { try check(channels, inputs.label) }
    return [Inferred(inputs.type(0))]
  }

  private func check(_ channels: Int, _ label: String) throws(ModelError) {
    guard channels % groups != 0 else { return }
    throw ModelError(
      .invalid,
      "\(label), attribute 'num_groups': expected a divisor of \(channels), found \(groups)")
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.requireChannels()
    try check(shape[1], context.label)
    let x = try context.source(0)
    let inner = shape[2...].reduce(1, *)
    let width = shape[1] / groups
    let parameters = isPerChannel ? shape[1] : groups
    let rows = RowNormalization(
      .variance, rows: shape[0] * groups, length: width * inner, epsilon: Double(epsilon),
      scale: try context.parameters(1, count: parameters),
      bias: try context.parameters(2, count: parameters), rowPeriod: groups,
      parameterStep: isPerChannel ? width : 1,
      repeats: max(1, isPerChannel ? inner : width * inner))
    let y = try context.output(0, context.input(0).elementType, shape)
    guard rows.run(x, into: y) else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    let parameters = isPerChannel ? [1, 2] : []
    var rule = ChannelRule.normalization(
      inputs.shape(0), parameters: parameters, scale: 1, over: true)
    guard rule.barrier == nil else { return rule }
    let channels = Axis(.input(0), 1)
    // One scale a group says nothing about single channels.
    if !isPerChannel {
      rule.relations.removeAll { if case .scales = $0 { true } else { false } }
    }
    rule.relations += [.blocks(channels, count: groups), .doesNotCommute(channels)]
    return rule
  }
}

extension GroupNormalization {
  package var gradient: Gradient {
    guard isPerChannel else { return .none("opset 18 has one scale a group") }
    return .rule { [groups, epsilon] call throws(ModelError) in
      try call.channelNormalization(
        call.input(0), groups: groups, axes: [2], epsilon: Double(epsilon))
    }
  }
}

extension GroupNormalization {
  package static let revisions: [Revision] = [
    // A parameter a group became one a channel; then the type of the sums could be said.
    Revision(
      21,
      up: { edit throws(ModelError) in
        for slot in [1, 2] { try edit.repeatParameters(slot) }
      },
      down: { edit throws(ModelError) in
        guard try edit.int("stash_type", default: 1) == 1 else {
          throw edit.decline("stash_type came with operator set 21")
        }
        edit.set("stash_type", nil)
        for slot in [1, 2] { try edit.joinParameters(slot) }
      })
  ]
}

extension VersionEdit {
  /// How many groups of how many channels there are.
  private func groups() throws(ModelError) -> (count: Int, size: Int) {
    let count = try int("num_groups", default: 0)
    guard count > 0, let shape = type(0).shape, shape.rank > 1, let channels = shape[1].value,
      channels > 0, channels % count == 0
    else { throw decline("its channels are not known") }
    return (count, channels / count)
  }

  /// Gives each channel the parameter of its group.
  fileprivate mutating func repeatParameters(_ slot: Int) throws(ModelError) {
    let (count, size) = try groups()
    guard let parameters = input(slot) else { return }
    if let tensor = constant(slot) {
      let column = tensor.reshaped([count, 1])
      guard tensor.count == count,
        let wide = Tensor(joining: Array(repeating: column, count: size), axis: 1)
      else { throw decline("input \(slot) is not one parameter a group") }
      setInput(slot, addConstant(wide.reshaped([count * size]), slot == 1 ? "scale" : "bias"))
      return
    }
    func shape(_ lengths: [Int]) -> ValueID {
      addConstant(Tensor(int64: lengths, [lengths.count]), "shape")
    }
    let column = before(Reshape.schema.op.type, [parameters, shape([count, 1])])
    let wide = before(Expand.schema.op.type, [column, shape([count, size])])
    setInput(slot, before(Reshape.schema.op.type, [wide, shape([count * size])]))
  }

  /// Gives each group the parameter that all its channels have.
  fileprivate mutating func joinParameters(_ slot: Int) throws(ModelError) {
    let (count, size) = try groups()
    guard let tensor = constant(slot), tensor.count == count * size,
      let column = tensor.reshaped([count, size]).slice(0..<1, axis: 1),
      Tensor(joining: Array(repeating: column, count: size), axis: 1)?.storage == tensor.storage
    else { throw decline("a parameter a channel came with operator set 21") }
    setInput(slot, addConstant(column.reshaped([count]), slot == 1 ? "scale" : "bias"))
  }
}

extension Tensor {
  /// The same elements under other dimensions.
  fileprivate func reshaped(_ dimensions: [Int]) -> Tensor {
    var copy = self
    copy.dimensions = dimensions
    return copy
  }
}
