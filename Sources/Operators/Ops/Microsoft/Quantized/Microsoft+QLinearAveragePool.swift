package import IR
import Kernels

extension Microsoft {
  /// The average of each window of a quantized tensor, quantized.
  package struct QLinearAveragePool: Pool {
    package static let schema = Schema(
      "QLinearAveragePool", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, float, T?, float, T?) -> T; <auto_pad: string = NOTSET, ceil_mode: int = 0,
          channels_last: int = 0, count_include_pad: int = 0, kernel_shape: ints!, pads: ints,
          strides: ints>; T: uint8 int8
        """)
    package static let traits = Traits(
      auxiliaryInputs: [1, 2, 3, 4], attributeDefaults: windowDefaults)
    package let window: SlidingWindow
    /// Whether padding counts as zeros.
    let includesPadding: Bool

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      window = try SlidingWindow(node, requiresKernel: true)
      includesPadding = try node.flag("count_include_pad")
      try requireChannelsFirst(node)
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      [Inferred(inputs.quantizedType(zeroPoint: 4, like: 0), try inferShape(inputs))]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let window = try window(context)
      let x = try context.dequantized(QuantizedOperand(from: 0))
      let shape = x.shape.prefix(2) + window.output
      let floats = try Scratch(.float, Array(shape), label: context.label)
      guard
        averagePool(
          window, planes: x.shape[0] * x.shape[1], includePadding: includesPadding, x.source,
          into: floats.target)
      else { throw context.unsupportedTypes([0]) }
      let y = try context.output(0, context.quantizedType(zeroPoint: 4, like: 0), Array(shape))
      try context.quantizeAfterShift(floats.target, scale: 3, zeroPoint: 4, into: y)
      withExtendedLifetime((x, floats)) {}
    }

    package func numbers(_ inputs: Inputs) -> NumberForm? {
      .unary(AveragePool.schema.op, droppedAttributes: ["channels_last"])
    }

    package func quantization(_ inputs: Inputs) -> QuantizationForm { .isInteger }
  }
}

/// Refuses the layout `[N, …, C]`, which ONNX Runtime's layout optimiser asks for.
func requireChannelsFirst(_ node: NodeView) throws(ModelError) {
  guard try node.flag("channels_last") else { return }
  throw ModelError(
    .unsupported, "\(node.label), attribute 'channels_last': expected 0, found 1")
}

extension Microsoft.QLinearAveragePool {
  package var gradient: Gradient { .none("it computes with integers") }
}
