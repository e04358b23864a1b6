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

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    guard let b = inputs[1]?.constant else {
      return inputs[0]?.constant == nil
        ? .product(inputs: [0, 1]) : .float(reason: "the constant operand is the left one")
    }
    switch b.dimensions.count {
    case 0, 1: return .float(reason: "the weight is a vector")
    case 2: return .weighted(activation: 0, weight: 1, axis: 1, bias: nil, perChannel: true)
    default:
      return .weighted(
        activation: 0, weight: 1, axis: b.dimensions.count - 1, bias: nil, perChannel: false)
    }
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    product.macs(inputs, outputs)
  }
}
