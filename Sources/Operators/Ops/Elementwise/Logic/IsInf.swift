package import IR
private import Kernels

/// Whether each element is infinite (https://onnx.ai/onnx/operators/onnx__IsInf.html).
package struct IsInf: Operator {
  package static let schema = Schema(
    "IsInf", opsets: 10...28,
    signature: """
      10: (T1) -> T2; <detect_negative: int = 1, detect_positive: int = 1>; T1: float double;
        T2: bool
      20: T1 + float8 float16 bfloat16
      """)
  /// Whether negative and positive infinity count.
  private let negative: Bool
  private let positive: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    negative = try node.flag("detect_negative", default: true)
    positive = try node.flag("detect_positive", default: true)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(.bool, inputs.shape(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let y = try context.output(0, .bool, x.shape)
    guard classify(x, negativeInfinity: negative, positiveInfinity: positive, into: y) else {
      throw context.unsupportedTypes([0])
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0))], outputs: outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "its result is a bool")
  }
}

extension IsInf {
  package var gradient: Gradient { .zero }
}
