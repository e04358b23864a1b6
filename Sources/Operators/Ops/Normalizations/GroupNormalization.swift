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
