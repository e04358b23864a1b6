package import IR
package import Kernels

/// One quantized tensor in, one out: dequantized, each element by itself, and quantized again.
/// Inputs: x, its scale and zero-point, scale and zero-point of y.
package protocol QLinearUnary: Operator {
  var function: UnaryFunction { get }
}

extension QLinearUnary {
  package static var traits: Traits { Traits(auxiliaryInputs: [1, 2, 3, 4]) }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.quantizedType(zeroPoint: 4, like: 0), inputs.shape(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.dequantized(QuantizedOperand(from: 0))
    guard unary(function, x.source, into: x.target) else { throw context.unsupportedTypes([0]) }
    let y = try context.output(0, context.quantizedType(zeroPoint: 4, like: 0), x.shape)
    try context.quantize(x.source, scale: 3, zeroPoint: 4, into: y)
    withExtendedLifetime(x) {}
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0))], outputs: outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .isInteger }
}

extension QLinearUnary {
  package var gradient: Gradient { .none("it computes with integers") }
}
