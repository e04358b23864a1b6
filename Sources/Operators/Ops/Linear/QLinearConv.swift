package import IR
import Kernels

/// Convolution of 8-bit integers, rounded to 8 bits again
/// (https://onnx.ai/onnx/operators/onnx__QLinearConv.html).
///
/// Inputs: x, its scale and zero-point, w, its scales and zero-points, scale and zero-point of y,
/// and an int32 bias of scale `s_x·s_w`.
package struct QLinearConv: Operator {
  package static let schema = Schema(
    "QLinearConv", opsets: 10...28,
    signature: """
      10: (T1, float, T1, T2, float, T2, float, T3, T4?) -> T3; <auto_pad: string = NOTSET,
        dilations: ints, group: int = 1, kernel_shape: ints, pads: ints, strides: ints>;
        T1: uint8 int8; T2: uint8 int8; T3: uint8 int8; T4: int32
      """)
  package let geometry: ConvolutionGeometry

  package static let traits = Traits(
    auxiliaryInputs: [1, 2, 4, 5, 6, 7], quantizedInputs: [3, 8], attributeDefaults: windowDefaults)

  package var computation: Computation? {
    .convolution(geometry.linear(isPlain: false), of: .quantized(QuantizedOperands(bias: 8)))
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    geometry = try ConvolutionGeometry(node, weight: 3, bias: 8)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(7), try geometry.infer(inputs))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try geometry.shape(context)
    try context.requireSpatialRank(shape.window)
    let x = try context.widened(0, zeroPoint: 2, axis: nil)
    let w = try context.widened(3, zeroPoint: 5, axis: 0)
    let bias = context.optional(8) == nil ? nil : try context.source(8)
    let sums = WidenedOperand(
      count: try context.checkedCount(shape.outputShape), shape: shape.outputShape)
    guard context.convolve(shape, x, w, bias: bias, into: sums.target) else {
      throw context.mismatch(8, expected: "int32", found: "\(try context.input(8).elementType)")
    }
    try context.finishQuantized(
      sums, a: context.scales(1)[0], b: context.scales(4, count: shape.outputChannels), y: 6,
      inner: shape.window.outputCount, output: shape.outputShape)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    geometry.channels(inputs, outputs, perChannel: [4, 5])
      .adding(.quantized(weight: 3, scale: 4, zeroPoint: 5, axis: 0))
  }

  package func linear(_ inputs: Inputs) -> LinearForm? { geometry.linear(isPlain: false) }

  package func numbers(_ inputs: Inputs) -> NumberForm? {
    .node(
      NumberNode(
        Conv.schema.op,
        [.quantized(0), .quantized(3, axes: [0])] + (inputs.has(8) ? [.bias(8)] : []),
        result: 6))
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "is an integer operator already")
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    geometry.macs(inputs, outputs)
  }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] { try geometry.resize(cut) }
}

extension QLinearConv {
  package var gradient: Gradient { .none("it computes with integers") }
}
