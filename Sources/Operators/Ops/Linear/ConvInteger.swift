package import IR
import Kernels

/// Convolution of 8-bit integers into int32
/// (https://onnx.ai/onnx/operators/onnx__ConvInteger.html).
package struct ConvInteger: Operator {
  package static let schema = Schema(
    "ConvInteger", opsets: 10...28,
    signature: """
      10: (T1, T2, T1?, T2?) -> T3; <auto_pad: string = NOTSET, dilations: ints,
        group: int = 1, kernel_shape: ints, pads: ints, strides: ints>; T1: uint8 int8;
        T2: uint8 int8; T3: int32
      """)
  package let geometry: ConvolutionGeometry

  package static let traits = Traits(
    auxiliaryInputs: [2, 3], quantizedInputs: [1], attributeDefaults: windowDefaults)

  package var computation: Computation? {
    .convolution(
      geometry.linear(isPlain: false), of: .integers(leftZeroPoint: 2, rightZeroPoint: 3))
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    geometry = try ConvolutionGeometry(node, bias: nil)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(.int32, try geometry.infer(inputs))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try geometry.shape(context)
    try context.requireSpatialRank(shape.window)
    let x = try context.widened(0, zeroPoint: 2, axis: nil)
    let w = try context.widened(1, zeroPoint: 3, axis: 0)
    let y = try context.output(0, .int32, shape.outputShape)
    _ = context.convolve(shape, x, w, bias: nil, into: y)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    geometry.channels(inputs, outputs, perChannel: [3])
      .adding(.quantized(weight: 1, scale: nil, zeroPoint: 3, axis: 0))
  }

  package func linear(_ inputs: Inputs) -> LinearForm? { geometry.linear(isPlain: false) }

  package func numbers(_ inputs: Inputs) -> NumberForm? {
    .node(
      NumberNode(
        Conv.schema.op, [.init(slot: 0, zeroPoint: 2), .init(slot: 1, zeroPoint: 3, axes: [0])],
        isUnscaled: true))
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "is an integer operator already")
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    geometry.macs(inputs, outputs)
  }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] { try geometry.resize(cut) }
}

extension ConvInteger {
  package var gradient: Gradient { .none("it computes with integers") }
}
