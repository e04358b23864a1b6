package import IR
import Kernels

/// The largest element of each window (https://onnx.ai/onnx/operators/onnx__MaxPool.html).
package struct MaxPool: Pool {
  package static let schema = Schema(
    "MaxPool", opsets: 1...28,
    signature: """
      1: (T) -> T; <auto_pad: string = NOTSET, kernel_shape: ints!, pads: ints, strides: ints>;
        T: floats
      8: (T) -> (T, I?); <auto_pad: string = NOTSET, kernel_shape: ints!, pads: ints,
        storage_order: int = 0, strides: ints>; I: int64
      10: <auto_pad: string = NOTSET, ceil_mode: int = 0, dilations: ints, kernel_shape: ints!,
        pads: ints, storage_order: int = 0, strides: ints>
      12: T + uint8 int8
      22: T + bfloat16
      """)
  package let window: SlidingWindow
  private let columnMajor: Bool
  private let givesIndices: Bool
  private let opset: Int

  package static let traits = Traits(
    isHomogeneous: true, attributeDefaults: windowDefaults)

  package var computation: Computation? {
    givesIndices ? nil : .pool(PoolForm(.maximum, window: window))
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    window = try SlidingWindow(node, requiresKernel: true)
    columnMajor = try node.flag("storage_order")
    givesIndices = node.outputs.count > 1
    self.opset = opset
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let shape = try inferShape(inputs)
    let values = Inferred(inputs.elementType(0), shape)
    return givesIndices ? [values, Inferred(.int64, shape)] : [values]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let window = try window(context)
    let x = try context.source(0)
    let planes = x.shape[0] * x.shape[1]
    let shape = x.shape.prefix(2) + window.output
    let y = try context.output(0, context.input(0).elementType, Array(shape))
    guard maxPool(window, planes: planes, x, into: y) else { throw context.unsupportedTypes([0]) }
    guard context.wants(1) else { return }
    let indices = try context.output(1, .int64, Array(shape))
    guard let target = indices.elements(Int64.self).baseAddress else { return }
    _ = maxPoolIndices(window, planes: planes, columnMajor: columnMajor, x, into: target)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    if opset < 12 { return .float(reason: "MaxPool takes 8-bit elements from opset 12 on") }
    return .shared(inputs: [0])
  }
}

extension MaxPool {
  package var gradient: Gradient { pooledBack }
}

extension MaxPool {
  package static let revisions: [Revision] = [
    .additive(8),
    .additive(10),
  ]
}
