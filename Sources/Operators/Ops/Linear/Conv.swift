package import IR
private import Kernels

/// Convolution (https://onnx.ai/onnx/operators/onnx__Conv.html).
package struct Conv: Operator {
  package static let schema = Schema(
    "Conv", opsets: 1...28,
    signature: """
      1: (T, T, T?) -> T; <auto_pad: string = NOTSET, dilations: ints, group: int = 1,
        kernel_shape: ints, pads: ints, strides: ints>; T: floats
      22: T + bfloat16
      """)
  package let geometry: ConvolutionGeometry

  package static let traits = Traits(attributeDefaults: windowDefaults)

  package var conditioning: Conditioning { .summing }

  package var computation: Computation? { .convolution(geometry.linear(), of: .plain) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    geometry = try ConvolutionGeometry(node, bias: 2)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(0), try geometry.infer(inputs))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try geometry.shape(context)
    try context.requireSpatialRank(shape.window)
    let x = try context.source(0), w = try context.source(1)
    let bias = context.optional(2) == nil ? nil : try context.source(2)
    let y = try context.output(0, context.input(0).elementType, shape.outputShape)
    guard convolve(shape, x, w, bias: bias, into: y) else {
      throw context.unsupportedTypes([0, 1, 2])
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    geometry.channels(inputs, outputs)
  }

  package func linear(_ inputs: Inputs) -> LinearForm? { geometry.linear() }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    geometry.macs(inputs, outputs)
  }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] { try geometry.resize(cut) }
}

extension Conv {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0), w = try call.input(1)
      let data = call.builder.node(
        Inner.convolutionData, [g.id, w.id, x.id], call.node.attributes)
      let weights = call.builder.nodes(
        Inner.convolutionWeights, [g.id, x.id, w.id], call.node.attributes,
        outputs: call.has(2) ? 2 : 1)
      return [Term(call.builder, data, x.type), Term(call.builder, weights[0], w.type)]
        + weights.dropFirst().map { Term(call.builder, $0, call.facts.type(2)) }
    }
  }
}

extension Conv {
  package func integerForm(opset: Int) -> IntegerForm? {
    IntegerForm(QLinearConv.schema.op, .biasLast)
  }
}
