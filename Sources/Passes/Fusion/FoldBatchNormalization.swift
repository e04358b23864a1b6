internal import IR
internal import Operators

/// Folds a BatchNormalization into the convolution or product before it.
///
/// With scale s, bias b, mean m, variance v and a = s / sqrt(v + ε):
/// `a·(W x + c − m) + b = (a·W) x + (a·(c − m) + b)`, where a multiplies the output channels of W.
struct FoldBatchNormalization: FusionRule {
  static let name = "fold-batch-normalization"
  static let summary = "BatchNormalization after Conv, ConvTranspose or Gemm goes into its weights"

  func apply(
    at id: NodeID, in graph: inout Graph, _ context: FusionContext
  ) throws(ModelError) -> FusionOutcome {
    let node = graph[id]
    guard node.op == OperatorName("BatchNormalization"), node.inputs.count == 5,
      let middle = node.inputs[0], let result = node.outputs.first ?? nil,
      let producer = graph[middle].producer, let channel = OutputChannels(graph, producer)
    else { return .noMatch }
    if let obstacle = graph.obstacle(toFusingOver: middle) { return .declined(obstacle) }
    if case .int(let training)? = node.attribute("training_mode"), training != 0 {
      return .declined("training_mode is \(training)")
    }
    if case .int(0)? = node.attribute("spatial") { return .declined("spatial is 0") }
    let statistics = node.outputs.dropFirst().compactMap { $0 }
    if context.opset < 14, !statistics.isEmpty {
      return .declined("it names its statistics, which before opset 14 means training")
    }
    if statistics.contains(where: { !graph[$0].uses.isEmpty }) {
      return .declined("its running statistics are read")
    }
    let parameters = node.inputs[1...4].map { $0.flatMap { graph.constant($0)?.floats } }
    guard let scale = parameters[0], let shift = parameters[1], let mean = parameters[2],
      let variance = parameters[3]
    else { return .declined("scale, bias, mean or variance is not constant") }
    guard let weightID = graph[producer].inputs[safe: 1] ?? nil,
      let weight = graph.constant(weightID),
      weight.elementType == .float, weight.dimensions.count >= 2, let weights = weight.floats
    else {
      return .declined("the weight of \(graph.label(producer)) is not a constant of type float")
    }
    let count = channel.count(weight) ?? 0
    guard [scale.count, shift.count, mean.count, variance.count].allSatisfy({ $0 == count }) else {
      return .declined("it has \(scale.count) channels, the weight \(count)")
    }
    var bias = [Float](repeating: 0, count: count)
    let biasID = graph[producer].inputs[safe: 2] ?? nil
    if let biasID {
      guard let constant = graph.constant(biasID), let values = constant.floats,
        (values.count == count && constant.dimensions.last == count)
          || (values.count == 1 && channel.broadcastsBias)
      else {
        return .declined("the bias of \(graph.label(producer)) is not a constant per channel")
      }
      bias = values.count == count ? values : Array(repeating: values[0], count: count)
    }
    var epsilon = 1e-5
    if case .float(let value)? = node.attribute("epsilon") { epsilon = Double(value) }
    let factors = (0..<count).map {
      Double(scale[$0]) / (Double(variance[$0]) + epsilon).squareRoot()
    }
    guard factors.allSatisfy(\.isFinite) else { return .declined("its variance is not positive") }

    let folded = Tensor(
      floats: channel.scale(weights, weight.dimensions, by: factors), weight.dimensions)
    let newBias = (0..<count).map {
      Float(
        factors[$0] * (Double(bias[$0]) * channel.biasFactor - Double(mean[$0])) + Double(shift[$0])
      )
    }
    let absorbed = graph.label(id)
    graph.remove(id)
    graph.setOutput(producer, slot: channel.output, to: result)
    graph.replaceConstant(producer, slot: 1, stem: graph[weightID].name, with: folded)
    graph.replaceConstant(
      producer, slot: 2, stem: biasID.map { graph[$0].name } ?? "\(graph[weightID].name)_bias",
      with: Tensor(floats: newBias, [count]))
    if channel.biasFactor != 1 { graph[producer].setAttribute("beta", .float(1)) }
    return .applied("\(absorbed) went into \(graph.label(producer))", survivor: producer)
  }
}

/// Where the output channels lie in the weight of an operator with weight and bias.
private struct OutputChannels {
  private let axis: Int
  private let group: Int
  let broadcastsBias: Bool
  /// What the operator multiplies its bias by.
  let biasFactor: Double
  let output = 0

  init?(_ graph: Graph, _ id: NodeID) {
    let node = graph[id]
    func int(_ name: String, _ fallback: Int) -> Int {
      if case .int(let value)? = node.attribute(name) { value } else { fallback }
    }
    var factor = 1.0
    switch node.op {
    case OperatorName("Conv"):
      axis = 0
      group = 1
    case OperatorName("ConvTranspose"):
      axis = 1
      group = int("group", 1)
    case OperatorName("Gemm"):
      axis = int("transB", 0) != 0 ? 0 : 1
      group = 1
      if case .float(let beta)? = node.attribute("beta") { factor = Double(beta) }
    default: return nil
    }
    broadcastsBias = node.op == OperatorName("Gemm")
    biasFactor = factor
  }

  /// The number of output channels; nil on overflow.
  func count(_ weight: Tensor) -> Int? { product(weight.dimensions[axis], group) }

  /// The weight with output channel c multiplied by `factors[c]`.
  func scale(_ weights: [Float], _ shape: [Int], by factors: [Double]) -> [Float] {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let channels = shape[axis]
    let outer = shape[..<axis].reduce(1, *)
    var result = weights
    for block in 0..<outer {
      // In a grouped ConvTranspose, rows of group g make channels g·(Cout/G) and on.
      let first = block * group / max(outer, 1) * channels
      for channel in 0..<channels {
        let factor = factors[group == 1 ? channel : first + channel]
        let start = (block * channels + channel) * inner
        for index in start..<start + inner {
          result[index] = Float(Double(weights[index]) * factor)
        }
      }
    }
    return result
  }
}
