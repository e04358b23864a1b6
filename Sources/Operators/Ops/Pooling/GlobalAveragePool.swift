package import IR
import Kernels

/// The average over all spatial positions
/// (https://onnx.ai/onnx/operators/onnx__GlobalAveragePool.html).
package struct GlobalAveragePool: GlobalPool {
  package static let schema = Schema(
    "GlobalAveragePool", opsets: 1...28,
    signature: """
      1: (T) -> T; T: floats
      22: T + bfloat16
      """)

  package var computation: Computation? {
    .pool(PoolForm(.average(includesPadding: false), window: nil))
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let window = try window(context)
    let x = try context.source(0)
    let y = try context.output(0, context.input(0).elementType, try outputShape(context))
    let planes = x.shape[0] * x.shape[1]
    guard averagePool(window, planes: planes, includePadding: false, x, into: y) else {
      throw context.unsupportedTypes([0])
    }
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .free(inputs: [0]) }
}

extension GlobalAveragePool {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0)
      return [(g / (try call.count(over: 0))).expanded(like: x)]
    }
  }
}

extension GlobalAveragePool {
  package func integerForm(opset: Int) -> IntegerForm? {
    IntegerForm(
      Microsoft.QLinearGlobalAveragePool.schema.op, .resultLast,
      attributes: [Attribute("channels_last", .int(0))])
  }
}
