package import IR
import Kernels

extension Microsoft {
  /// The average over all spatial positions of a quantized tensor, quantized.
  package struct QLinearGlobalAveragePool: GlobalPool {
    package static let schema = Schema(
      "QLinearGlobalAveragePool", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, float, T, float, T) -> T; <channels_last: int = 0>; T: uint8 int8
        """)
    package static let traits = Traits(auxiliaryInputs: [1, 2, 3, 4])

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      try requireChannelsFirst(node)
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let window = try window(context), shape = try outputShape(context)
      let x = try context.dequantized(QuantizedOperand(from: 0))
      let floats = try Scratch(.float, shape, label: context.label)
      let planes = x.shape[0] * x.shape[1]
      let done = averagePool(
        window, planes: planes, includePadding: false, x.source, into: floats.target)
      guard done else { throw context.unsupportedTypes([0]) }
      let y = try context.output(0, context.quantizedType(zeroPoint: 4, like: 0), shape)
      try context.quantize(floats.source, scale: 3, zeroPoint: 4, into: y)
      withExtendedLifetime((x, floats)) {}
    }

    package func numbers(_ inputs: Inputs) -> NumberForm? {
      .unary(GlobalAveragePool.schema.op, droppedAttributes: ["channels_last"])
    }

    package func quantization(_ inputs: Inputs) -> QuantizationForm { .isInteger }
  }
}

extension Microsoft.QLinearGlobalAveragePool {
  package var gradient: Gradient { .none("it computes with integers") }
}
