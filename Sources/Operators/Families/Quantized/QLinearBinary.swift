package import IR
package import Kernels

/// Two quantized tensors in, one out: dequantized, joined element by element with broadcasting, and
/// quantized again. Inputs: a, its scale and zero-point, the same for b, scale and zero-point of c.
///
/// As in ONNX Runtime's kernels, bit for bit, the zero-point is added before rounding.
package protocol QLinearBinary: Operator {
  var function: BinaryFunction { get }
  /// Whether operands are dequantized in units of the result's scale, as ONNX Runtime does for sums.
  static var dividesFirst: Bool { get }
}

extension QLinearBinary {
  package static var traits: Traits { binaryTraits }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.quantizedType(zeroPoint: 7, like: 0), try inputs.broadcast([0, 3]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let unit = Self.dividesFirst ? 6 : nil
    let a = try context.dequantized(QuantizedOperand(from: 0), unit: unit)
    let b = try context.dequantized(QuantizedOperand(from: 3), unit: unit)
    let shape = try context.broadcast([0, 3])
    let floats = try Scratch(.float, shape, label: context.label)
    guard binary(function, a.source, b.source, into: floats.target) else {
      throw context.unsupportedTypes([0, 3])
    }
    let y = try context.output(0, context.quantizedType(zeroPoint: 7, like: 0), shape)
    try context.quantizeAfterShift(
      floats.target, scale: 6, zeroPoint: 7, isDivided: Self.dividesFirst, into: y)
    withExtendedLifetime((a, b, floats)) {}
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0)), (3, inputs.shape(3))], outputs: outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .isInteger }
}

private let binaryTraits = Traits(
  auxiliaryInputs: [1, 2, 4, 5, 6, 7], quantizedInputs: [0, 3])

extension QLinearBinary {
  package var gradient: Gradient { .none("it computes with integers") }
}
