package import IR
private import Kernels

/// Whether each element is no number (https://onnx.ai/onnx/operators/onnx__IsNaN.html).
package struct IsNaN: Operator {
  package static let schema = Schema(
    "IsNaN", opsets: 9...28,
    signature: """
      9: (T1) -> T2; T1: floats; T2: bool
      13: T1 + bfloat16
      20: T1 + float8
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(.bool, inputs.shape(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let y = try context.output(0, .bool, x.shape)
    guard classify(x, nan: true, into: y) else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0))], outputs: outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "its result is a bool")
  }
}

extension IsNaN {
  package var gradient: Gradient { .zero }
}
