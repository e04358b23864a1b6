package import IR
import Kernels

/// Product of stacks of 8-bit matrices, rounded to 8 bits again
/// (https://onnx.ai/onnx/operators/onnx__QLinearMatMul.html).
///
/// Inputs: a, its scale and zero-point, b, its scales and zero-points (one for all or one a
/// column), scale and zero-point of y.
package struct QLinearMatMul: Operator {
  package static let schema = Schema(
    "QLinearMatMul", opsets: 10...28,
    signature: """
      10: (T1, float, T1, T2, float, T2, float, T3) -> T3; T1: uint8 int8; T2: uint8 int8;
        T3: uint8 int8
      21: (T1, TS, T1, T2, TS, T2, TS, T3) -> T3; TS: float float16 bfloat16; T1 + float8;
        T2 + float8; T3 + float8
      """)
  package let product = BatchedProduct(a: 0, b: 3)

  package static let traits = Traits(auxiliaryInputs: [1, 2, 4, 5, 6, 7], quantizedInputs: [0, 3])

  package var computation: Computation? { .product(.stacks, of: .quantized(QuantizedOperands())) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(7), try product.infer(inputs))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let (shape, output) = try product.shape(context)
    let rank = try context.input(3).shape.count
    let a = try context.widened(0, zeroPoint: 2, axis: nil)
    let b = try context.widened(3, zeroPoint: 5, axis: rank > 1 ? rank - 1 : nil)
    let sums = WidenedOperand(count: try context.checkedCount(output), shape: output)
    context.multiply(shape, a, b, into: sums.target)
    try context.finishQuantized(
      sums, a: context.scales(1)[0], b: context.scales(4, count: shape.n), y: 6, inner: 1,
      output: output)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    product.channels(inputs, outputs, perColumn: [4, 5])
      .adding(
        .quantized(weight: 3, scale: 4, zeroPoint: 5, axis: max(0, (inputs.rank(3) ?? 1) - 1)))
  }

  package func linear(_ inputs: Inputs) -> LinearForm? { product.linear(inputs, isPlain: false) }

  package func numbers(_ inputs: Inputs) -> NumberForm? {
    .node(NumberNode(MatMul.schema.op, [.quantized(0), .quantized(3, axes: [-1])], result: 6))
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "is an integer operator already")
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    product.macs(inputs, outputs)
  }
}

extension QLinearMatMul {
  package var gradient: Gradient { .none("it computes with integers") }
}
