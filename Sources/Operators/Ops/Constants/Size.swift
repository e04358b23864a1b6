package import IR
private import Kernels

/// The number of elements of a tensor (https://onnx.ai/onnx/operators/onnx__Size.html).
package struct Size: Operator {
  package static let schema = Schema(
    "Size", opsets: 1...28,
    signature: """
      1: (T) -> T1; T: all; T1: int64
      13: T + bfloat16
      19: T + float8
      21: T + int4s
      23: T + float4e2m1
      24: T + float8e8m0
      25: T + int2s
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let count = inputs.shape(0)?.elementCount
    return [Inferred(.int64, Shape([Dimension]()), data: count.map { [$0] })]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let count = try context.input(0).count
    try context.output(0, .int64, []).elements(Int64.self)[0] = Int64(count)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .alongside(
      inputs.shape(0), frozen: Set(0..<(inputs.rank(0) ?? 0)), reason: "its length is read by Size")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "works on shapes")
  }
}

extension Size {
  package var gradient: Gradient { .zero }
}
