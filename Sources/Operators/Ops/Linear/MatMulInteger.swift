package import IR
import Kernels

/// Product of stacks of 8-bit matrices into int32
/// (https://onnx.ai/onnx/operators/onnx__MatMulInteger.html).
package struct MatMulInteger: Operator {
  package static let schema = Schema(
    "MatMulInteger", opsets: 10...28,
    signature: """
      10: (T1, T2, T1?, T2?) -> T3; T1: uint8 int8; T2: uint8 int8; T3: int32
      """)
  package let product = BatchedProduct()

  package static let traits = Traits(auxiliaryInputs: [2, 3], quantizedInputs: [0, 1])

  package var computation: Computation? {
    .product(.stacks, of: .integers(leftZeroPoint: 2, rightZeroPoint: 3))
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(.int32, try product.infer(inputs))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let (shape, output) = try product.shape(context)
    let rankA = try context.input(0).shape.count, rankB = try context.input(1).shape.count
    let a = try context.widened(0, zeroPoint: 2, axis: rankA > 1 ? rankA - 2 : nil)
    let b = try context.widened(1, zeroPoint: 3, axis: rankB > 1 ? rankB - 1 : nil)
    context.multiply(shape, a, b, into: try context.output(0, .int32, output))
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    product.channels(inputs, outputs, perRow: [2], perColumn: [3])
      .adding(
        .quantized(weight: 1, scale: nil, zeroPoint: 3, axis: max(0, (inputs.rank(1) ?? 1) - 1)))
  }

  package func linear(_ inputs: Inputs) -> LinearForm? { product.linear(inputs, isPlain: false) }

  package func numbers(_ inputs: Inputs) -> NumberForm? {
    .node(
      NumberNode(
        MatMul.schema.op, [.init(slot: 0, zeroPoint: 2), .init(slot: 1, zeroPoint: 3, axes: [-1])],
        isUnscaled: true))
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "is an integer operator already")
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    product.macs(inputs, outputs)
  }
}

extension MatMulInteger {
  package var gradient: Gradient { .none("it computes with integers") }
}
