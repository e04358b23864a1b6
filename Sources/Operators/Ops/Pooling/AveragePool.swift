package import IR
import Kernels

/// The average of each window (https://onnx.ai/onnx/operators/onnx__AveragePool.html).
package struct AveragePool: Pool {
  package static let schema = Schema(
    "AveragePool", opsets: 1...28,
    signature: """
      1: (T) -> T; <auto_pad: string = NOTSET, kernel_shape: ints!, pads: ints, strides: ints>;
        T: floats
      7: <auto_pad: string = NOTSET, count_include_pad: int = 0, kernel_shape: ints!,
        pads: ints, strides: ints>
      10: <auto_pad: string = NOTSET, ceil_mode: int = 0, count_include_pad: int = 0,
        kernel_shape: ints!, pads: ints, strides: ints>
      19: <auto_pad: string = NOTSET, ceil_mode: int = 0, count_include_pad: int = 0,
        dilations: ints, kernel_shape: ints!, pads: ints, strides: ints>
      22: T + bfloat16
      """)
  package let window: SlidingWindow
  /// Whether padding counts as zeros.
  let includesPadding: Bool

  package static let traits = Traits(
    isHomogeneous: true, attributeDefaults: windowDefaults)

  package var computation: Computation? {
    .pool(PoolForm(.average(includesPadding: includesPadding), window: window))
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    window = try SlidingWindow(node, requiresKernel: true)
    includesPadding = try node.flag("count_include_pad")
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(0), try inferShape(inputs))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let window = try window(context)
    let x = try context.source(0)
    let y = try context.output(
      0, context.input(0).elementType, x.shape.prefix(2) + window.output)
    guard
      averagePool(
        window, planes: x.shape[0] * x.shape[1], includePadding: includesPadding, x, into: y)
    else { throw context.unsupportedTypes([0]) }
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .free(inputs: [0]) }
}

extension AveragePool {
  package var gradient: Gradient { pooledBack }
}

extension AveragePool {
  package static let revisions: [Revision] = [
    .additive(10),
    .additive(19),
  ]
}
