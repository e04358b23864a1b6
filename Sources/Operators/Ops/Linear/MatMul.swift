package import IR
import Kernels

/// Product of stacks of matrices (https://onnx.ai/onnx/operators/onnx__MatMul.html).
package struct MatMul: Operator {
  package static let schema = Schema(
    "MatMul", opsets: 1...28,
    signature: """
      1: (T, T) -> T; T: floats
      9: T + int32 int64 uint32 uint64
      13: T + bfloat16
      """)
  package let product = BatchedProduct()

  package var conditioning: Conditioning { .summing }

  package var computation: Computation? { .product(.stacks, of: .plain) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(0), try product.infer(inputs))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let (shape, output) = try product.shape(context)
    let y = try context.output(0, context.input(0).elementType, output)
    guard matrixProduct(shape, try context.source(0), try context.source(1), into: y) else {
      throw context.unsupportedTypes([0, 1])
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    product.channels(inputs, outputs)
  }

  package func linear(_ inputs: Inputs) -> LinearForm? { product.linear(inputs) }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    if let form = linear(inputs) { return .linear(form) }
    return inputs[0]?.constant == nil
      ? .product(inputs: [0, 1]) : .float(reason: "the ranks of its operands are not known")
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    product.macs(inputs, outputs)
  }
}

extension MatMul {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in try call.matrixProduct() }
  }
}

extension MatMul {
  package func integerForm(opset: Int) -> IntegerForm? {
    IntegerForm(QLinearMatMul.schema.op, .resultLast)
  }

  package func unroundedForm(opset: Int) -> IntegerForm? {
    IntegerForm(Microsoft.MatMulIntegerToFloat.schema.op, .parametersBehind)
  }
}
