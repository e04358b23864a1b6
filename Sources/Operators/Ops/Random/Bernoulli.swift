package import IR
private import Kernels

/// One or zero, drawn with each element's probability
/// (https://onnx.ai/onnx/operators/onnx__Bernoulli.html).
package struct Bernoulli: Operator {
  package static let schema = Schema(
    "Bernoulli", opsets: 15...28,
    signature: """
      15: (T1) -> T2; <dtype: int, seed: float>; T1: floats; T2: numbers bool bfloat16
      22: T1 + bfloat16
      """)
  private let settings: RandomSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RandomSettings(node)
  }

  package var isFoldable: Bool { false }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(settings.elementType ?? inputs.elementType(0), inputs.shape(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    var generator = settings.generator(context.label)
    let values = try context.numbers(0).map { generator.bernoulli($0) }
    try context.write(values, settings.elementType ?? x.elementType, x.shape)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("elements are drawn at random")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "elements are drawn at random")
  }
}

extension Bernoulli {
  package var gradient: Gradient { .zero }
}
