package import IR
import Kernels

/// `(x - mean) / √(var + epsilon) · scale + bias` a channel, with stored statistics
/// (https://onnx.ai/onnx/operators/onnx__BatchNormalization.html). Training mode is not supported.
package struct BatchNormalization: Operator {
  package static let schema = Schema("BatchNormalization", inputs: 5...5, outputs: 1...5)
  package static let auxiliaryInputs: Set<Int> = [3, 4]

  /// What is added to the variance.
  package let epsilon: Float
  /// Whether statistics would be those of the batch.
  package let trains: Bool
  /// Whether there is one parameter a channel (opset 7 and 8 also allow one an element).
  package let isPerChannel: Bool
  private let outputs: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    epsilon = try node.float("epsilon", default: 1e-5)
    // Before opset 14, asking for the statistics' outputs meant training.
    trains = opset >= 14 ? try node.flag("training_mode") : node.outputs.dropFirst().contains(true)
    isPerChannel = opset >= 9 ? true : try node.flag("spatial", default: true)
    outputs = node.outputs.count
  }

  package static func attributeDefaults(opset: Int) -> [String: AttributeValue] {
    [
      "epsilon": .float(1e-5), "momentum": .float(0.9), "spatial": .int(1),
      "training_mode": .int(0),
    ]
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 1...Int.max)
    if let shape = inputs.shape(0), isPerChannel {
      let channels: Dimension = shape.rank > 1 ? shape[1] : 1
      for index in 1...4 {
        guard let parameter = inputs.shape(index) else { continue }
        guard parameter.rank == 1 else {
          throw inputs.mismatch(index, expected: "rank 1", found: "\(inputs.type(index))")
        }
        guard let count = channels.value, let length = parameter[0].value, count != length else {
          continue
        }
        throw inputs.mismatch(index, expected: "\(count) elements", found: "\(parameter)")
      }
    }
    let statistics = Inferred(TensorType(inputs.elementType(3), inputs.shape(3)))
    return [Inferred(inputs.type(0))] + Array(repeating: statistics, count: outputs - 1)
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    guard !trains else {
      throw ModelError(.unsupported, "\(context.label): training mode is not supported")
    }
    guard isPerChannel else {
      throw ModelError(.unsupported, "\(context.label): spatial = 0 is not supported")
    }
    let x = try context.source(0)
    let channels = x.shape.count > 1 ? x.shape[1] : 1
    let scale = try context.parameters(1, count: channels)
    let bias = try context.parameters(2, count: channels)
    let mean = try context.parameters(3, count: channels)
    let variance = try context.parameters(4, count: channels)
    let factor = (0..<channels).map {
      scale[$0] / (variance[$0] + Double(epsilon)).squareRoot()
    }
    let offset = (0..<channels).map { bias[$0] - mean[$0] * factor[$0] }
    let y = try context.output(0, context.input(0).elementType, x.shape)
    guard
      affine(
        x, outer: x.shape.first ?? 1, channels: channels,
        inner: x.shape.dropFirst(2).reduce(1, *), factor: factor, offset: offset, into: y)
    else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard isPerChannel, !trains else { return .barrier("statistics are not one a channel") }
    return .normalization(inputs.shape(0), parameters: [1, 2, 3, 4], scale: 1, over: false)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("BatchNormalization")
  }
}
