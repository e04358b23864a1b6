package import IR
package import Kernels

/// Two tensors of integers in, one out, bit by bit with multidirectional broadcasting
/// (https://onnx.ai/onnx/repo-docs/Broadcasting.html).
package protocol BitwiseBinary: Operator {
  /// The function of two bits.
  var function: BitFunction { get }
}

extension BitwiseBinary {
  package static var traits: Traits { Traits(isCommutative: true) }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(0), try inputs.broadcast([0, 1]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let a = try context.source(0), b = try context.source(1)
    let y = try context.output(0, context.input(0).elementType, context.broadcast([0, 1]))
    guard bitwise(function, a, b, into: y) else { throw context.unsupportedTypes([0, 1]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0)), (1, inputs.shape(1))], outputs: outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "works on bits")
  }
}

extension BitwiseBinary {
  package var gradient: Gradient { .zero }
}
