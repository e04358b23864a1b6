package import IR
import Kernels

/// Each channel of each sample brought to mean 0 and variance 1, then scaled and shifted
/// (https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html).
package struct InstanceNormalization: Operator {
  package static let schema = Schema(
    "InstanceNormalization", opsets: 1...28,
    signature: """
      6: (T, T, T) -> T; <epsilon: float = 1e-05>; T: floats
      22: T + bfloat16
      """)

  /// What is added to the variance.
  package let epsilon: Float

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    epsilon = try node.float("epsilon", default: 1e-5)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...Int.max)
    for index in 1...2 {
      if let shape = inputs.shape(0), let parameter = inputs.shape(index), parameter.rank == 1 {
        inputs.equate(shape[1], parameter[0])
      }
    }
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.requireChannels()
    let x = try context.source(0)
    let inner = shape[2...].reduce(1, *)
    let rows = RowNormalization(
      .variance, rows: shape[0] * shape[1], length: inner, epsilon: Double(epsilon),
      scale: try context.parameters(1, count: shape[1]),
      bias: try context.parameters(2, count: shape[1]), rowPeriod: max(1, shape[1]),
      parameterStep: 1, repeats: max(1, inner))
    let y = try context.output(0, context.input(0).elementType, shape)
    guard rows.run(x, into: y) else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .normalization(inputs.shape(0), parameters: [1, 2], scale: 1, over: true)
  }

  package func linear(_ inputs: Inputs) -> LinearForm? {
    .scaling(along: 1, bias: LinearForm.Bias(2))
  }
}

extension InstanceNormalization {
  package var gradient: Gradient {
    .rule { [epsilon] call throws(ModelError) in
      let rank = try call.shape(0).rank
      return try call.channelNormalization(
        call.input(0), groups: nil, axes: Array(2..<max(2, rank)), epsilon: Double(epsilon))
    }
  }
}
