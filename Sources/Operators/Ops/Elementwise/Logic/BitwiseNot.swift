package import IR
import Kernels

/// The bits of integers turned (https://onnx.ai/onnx/operators/onnx__BitwiseNot.html).
package struct BitwiseNot: Operator {
  package static let schema = Schema(
    "BitwiseNot", opsets: 18...28,
    signature: """
      18: (T) -> T; T: integers
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let y = try context.output(0, context.input(0).elementType, x.shape)
    guard bitwiseNot(x, into: y) else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0))], outputs: outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "works on bits")
  }
}

extension BitwiseNot {
  package var gradient: Gradient { .zero }
}
