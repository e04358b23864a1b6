package import IR
import Kernels

/// `(x - mean) / √(var + epsilon) · scale + bias` a channel, with stored statistics or, in
/// training, those of the batch (https://onnx.ai/onnx/operators/onnx__BatchNormalization.html).
package struct BatchNormalization: Operator {
  package static let schema = Schema(
    "BatchNormalization", opsets: 6...28,
    signature: """
      6: (T, T, T, T, T) -> (T, T?, T?, T?, T?); <epsilon: float = 1e-05, is_test: int = 0,
        momentum: float = 0.9, spatial: int = 1>; T: floats
      7: <epsilon: float = 1e-05, momentum: float = 0.9, spatial: int = 1>
      9: <epsilon: float = 1e-05, momentum: float = 0.9>
      14: (T, T, T, U, U) -> (T, U?, U?); <epsilon: float = 1e-05, momentum: float = 0.9,
        training_mode: int = 0>; T + bfloat16; U: floats bfloat16
      15: (T, T1, T1, T2, T2) -> (T, T2?, T2?); T1: floats bfloat16; T2: floats bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [3, 4])

  /// What is added to the variance.
  private let epsilon: Float
  /// Whether statistics are those of the batch.
  private let trains: Bool
  /// Whether there is one parameter a channel (opset 7 and 8 also allow one an element).
  private let isPerChannel: Bool
  private let outputs: Int
  /// How much of the stored statistics stays in training.
  private let momentum: Double

  package var computation: Computation? {
    isPerChannel && !trains ? .channelNormalization(epsilon: epsilon) : nil
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    epsilon = try node.float("epsilon", default: 1e-5)
    // Before opset 14, asking for the statistics' outputs meant training.
    let isTest = opset < 7 ? try node.flag("is_test") : false
    trains =
      opset >= 14
      ? try node.flag("training_mode") : !isTest && node.outputs.dropFirst().contains(true)
    isPerChannel = opset >= 9 ? true : try node.flag("spatial", default: true)
    outputs = node.outputs.count
    momentum = Double(try node.float("momentum", default: 0.9))
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
        inputs.equate(channels, parameter[0])
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
    let x = try context.source(0)
    let (outer, channels, inner) = layout(x.shape)
    let scale = try context.parameters(1, count: channels)
    let bias = try context.parameters(2, count: channels)
    var mean = try context.parameters(3, count: channels)
    var variance = try context.parameters(4, count: channels)
    if trains {
      let stored = (mean, variance)
      guard let batch = moments(x, outer: outer, channels: channels, inner: inner) else {
        throw context.unsupportedTypes([0])
      }
      (mean, variance) = batch
      try writeStatistics(context, stored, batch)
    }
    let factor = (0..<channels).map {
      scale[$0] / (variance[$0] + Double(epsilon)).squareRoot()
    }
    let offset = (0..<channels).map { bias[$0] - mean[$0] * factor[$0] }
    let y = try context.output(0, context.input(0).elementType, x.shape)
    guard
      affine(
        x, outer: outer, channels: channels, inner: inner, factor: factor, offset: offset, into: y)
    else { throw context.unsupportedTypes([0]) }
  }

  /// The tensor as [outer, channels, inner], a parameter a channel.
  private func layout(_ shape: [Int]) -> (Int, Int, Int) {
    let rest = shape.dropFirst(2).reduce(1, *), channels = shape.count > 1 ? shape[1] : 1
    return isPerChannel
      ? (shape.first ?? 1, channels, rest) : (shape.first ?? 1, channels * rest, 1)
  }

  /// The running statistics and, before opset 14, those of the batch.
  private func writeStatistics(
    _ context: Evaluation, _ stored: ([Double], [Double]), _ batch: ([Double], [Double])
  ) throws(ModelError) {
    func running(_ old: [Double], _ new: [Double]) -> [Double] {
      zip(old, new).map { $0 * momentum + $1 * (1 - momentum) }
    }
    let results = [
      running(stored.0, batch.0), running(stored.1, batch.1), batch.0, batch.1,
    ]
    let view = try context.input(3)
    for (place, values) in results.enumerated() where context.wants(place + 1) {
      try context.write(values, output: place + 1, view.elementType, view.shape)
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard isPerChannel, !trains else { return .barrier("statistics are not one a channel") }
    return .normalization(inputs.shape(0), parameters: [1, 2, 3, 4], scale: 1, over: false)
  }

  package func linear(_ inputs: Inputs) -> LinearForm? {
    isPerChannel && !trains ? .scaling(along: 1, bias: LinearForm.Bias(2)) : nil
  }
}

extension BatchNormalization {
  package var gradient: Gradient {
    guard !trains, isPerChannel else {
      return .none("its statistics are those of the batch, or one an element")
    }
    return .rule { [epsilon] call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0), scale = try call.input(1)
      let rank = try call.shape(0).rank
      let ones = [Int](repeating: 1, count: max(0, rank - 2))
      let inverse = 1 / (try call.input(4).cast(to: x.type.elementType) + Double(epsilon)).sqrt
      let factor = (scale.cast(to: x.type.elementType) * inverse).reshaped([-1] + ones)
      let axes = [0] + (2..<max(2, rank)).map { $0 }
      let mean = try call.input(3).cast(to: x.type.elementType).reshaped([-1] + ones)
      let total = g.sum(axes, keepsAxes: false)
      let scaled = (g * (x - mean)).sum(axes, keepsAxes: false) * inverse
      return [
        (g * factor).typed(as: x.type), scaled.cast(to: scale.type.elementType),
        total.cast(to: scale.type.elementType),
      ]
    }
  }
}

extension BatchNormalization {
  package static let revisions: [Revision] = [
    // spatial = 0 asked for parameters for each element.
    Revision(
      9,
      up: { edit throws(ModelError) in
        guard try edit.int("spatial", default: 1) != 0 else {
          throw edit.decline("parameters for each element ended with operator set 9")
        }
        edit.set("spatial", nil)
      }),
    // Asking for statistics meant training, of which others were given.
    Revision(
      14,
      up: { edit throws(ModelError) in
        guard edit.graph[edit.node].outputs.dropFirst().allSatisfy({ $0 == nil }) else {
          throw edit.decline(
            "the statistics that it gives in training changed with operator set 14")
        }
        edit.truncateOutputs(to: 1)
      },
      down: { edit throws(ModelError) in
        guard try edit.int("training_mode", default: 0) == 0,
          !(1..<3).contains(where: { edit.isRead(output: $0) })
        else { throw edit.decline("training_mode came with operator set 14") }
        edit.set("training_mode", nil)
        edit.truncateOutputs(to: 1)
      }),
  ]
}
