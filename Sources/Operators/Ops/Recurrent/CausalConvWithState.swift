package import IR
private import Kernels

/// A convolution along positions, channel by channel, that looks back only; the last positions go on
/// to the next call (https://onnx.ai/onnx/operators/onnx__CausalConvWithState.html).
///
/// Inputs: `[B, C, L]`, weights `[C, 1, k]`, a bias a channel and the last positions `[B, C, k - 1]`.
/// Outputs: `[B, C, L]` and the last positions.
package struct CausalConvWithState: Operator {
  package static let schema = Schema(
    "CausalConvWithState", opsets: 27...28,
    signature: """
      27: (T, T, T?, T?) -> (T, T); <activation: string = none>; T: float float16 bfloat16
      """)
  private let activates: Bool

  private enum Activation: String, CaseIterable { case none, silu, swish }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let activation = try node.choice("activation", default: Activation.none)
    activates = activation != Activation.none
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    for index in [0, 1, 3] { try inputs.requireRank(index, 3...3) }
    try inputs.requireRank(2, 1...1)
    let x = inputs.shape(0)
    if let x, let weight = inputs.shape(1) {
      inputs.equate(x[1], weight[0])
      if let channels = x[1].value, let rows = weight[0].value, channels != rows {
        throw inputs.mismatch(1, expected: "\(channels) channels, as x has", found: "\(weight)")
      }
    }
    let past = (inputs.shape(1)?[2]).map { $0 - 1 } ?? inputs.shape(3)?[2] ?? .unknown
    let present = Shape([x?[0] ?? .unknown, x?[1] ?? .unknown, past])
    return [Inferred(inputs.type(0)), Inferred(inputs.elementType(0), present)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0).shape, weight = try context.input(1).shape
    try context.require(x.count == 3, 0, "rank 3")
    try context.require(
      weight.count == 3 && weight[0] == x[1] && weight[1] == 1 && weight[2] > 0, 1,
      "shape [\(x[1]), 1, k]")
    let (batch, channels, length, kernel) = (x[0], x[1], x[2], weight[2])
    let state = [batch, channels, kernel - 1]
    var past = [Float](repeating: 0, count: try context.numberCount(state))
    if context.optional(3) != nil {
      try context.require(try context.input(3).shape == state, 3, "shape \(state)")
      past = try context.floats(3).array(of: Float.self)
    }
    var bias = [Float](repeating: 0, count: channels)
    if context.optional(2) != nil {
      try context.require(try context.input(2).shape == [channels], 2, "shape [\(channels)]")
      bias = try context.floats(2).array(of: Float.self)
    }
    let data = try context.floats(0).array(of: Float.self)
    let weights = try context.floats(1).array(of: Float.self)
    let result = causalConvolution(
      data, past: past, weights: weights, bias: bias, rows: batch * channels, channels: channels,
      length: length, kernel: kernel, activates: activates)
    try context.write(result.output.map { Double($0) }, .float, x)
    if context.wants(1) {
      try context.write(result.state.map { Double($0) }, output: 1, .float, state)
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    var relations: [ChannelRule.Relation] = []
    let x = Port.input(0)
    for axis in 0..<2 { relations.append(.same(Axis(x, axis), Axis(.output(0), axis))) }
    relations.append(.same(Axis(x, 1), Axis(.input(1), 0)))
    if inputs.has(2) { relations.append(.same(Axis(x, 1), Axis(.input(2), 0))) }
    for port in [inputs.has(3) ? Port.input(3) : nil, outputs.count > 1 ? .output(1) : nil] {
      guard let port else { continue }
      for axis in 0..<2 { relations.append(.same(Axis(x, axis), Axis(port, axis))) }
    }
    for port in [x, .input(1), .output(0)] {
      relations.append(.freeze(Axis(port, 2), reason: "positions are mixed"))
    }
    return ChannelRule(relations)
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    guard let y = outputs.first?.shape?.elementCount.value, let kernel = inputs.shape(1)?[2].value
    else { return nil }
    return product(y, kernel)
  }
}

extension CausalConvWithState {
  package var gradient: Gradient {
    .spelledOut { [activates] call throws(ModelError) in
      let x = try call.input(0), weight = try call.shape(1)
      guard let channels = weight[0].value, let before = weight[2].value.map({ $0 - 1 }) else {
        throw call.unknown("the shape of its weights")
      }
      let lengths = call.builder.joined(
        [x.extent(0), call.builder.integers([channels, before])], axis: 0)
      let past =
        call.optional(3)
        ?? x.number(0).apply(Expand.self, [lengths], as: TensorType(x.type.elementType, nil))
      let rows = past.followed(by: x, axis: 2)
      let id = call.builder.node(
        Conv.schema.op, [rows.id, try call.input(1).id, call.optional(2)?.id],
        [Attribute("group", .int(channels))])
      let y = Term(call.builder, id, x.type)
      let state =
        before > 0
        ? rows.slice(from: -before, to: .max, axis: 2) : rows.slice(from: 0, to: 0, axis: 2)
      return [activates ? y * y.sigmoid : y, state]
    }
  }
}
