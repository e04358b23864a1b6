package import IR
import Kernels

extension Microsoft {
  /// Softmax of a quantized tensor, quantized. The attribute `opset` tells which Softmax is meant.
  package struct QLinearSoftmax: SoftmaxFamily {
    package static let schema = Schema(
      "QLinearSoftmax", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, float, T?, float, T) -> T; <axis: int = -1, opset: int!>; T: uint8 int8
        """)
    package static let isLogarithm = false
    package static let traits = Traits(auxiliaryInputs: [1, 2, 3, 4])
    package let axis: Int
    package let flattens: Bool

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      axis = try node.int("axis", default: -1)
      flattens = try node.int("opset") < 13
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let x = try context.dequantized(QuantizedOperand(from: 0))
      let (outer, length, inner) = try runs(x.shape, label: context.label)
      let weights = try Scratch(.float, x.shape, label: context.label)
      let done = softmax(
        x.source, outer: outer, length: length, inner: inner, logarithm: false,
        into: weights.target)
      guard done else { throw context.unsupportedTypes([0]) }
      let y = try context.output(0, context.quantizedType(zeroPoint: 4, like: 0), x.shape)
      try context.quantize(weights.source, scale: 3, zeroPoint: 4, into: y)
      withExtendedLifetime((x, weights)) {}
    }

    package func numbers(_ inputs: Inputs) -> NumberForm? {
      .unary(Softmax.schema.op, droppedAttributes: ["opset"])
    }

    package func quantization(_ inputs: Inputs) -> QuantizationForm { .isInteger }
  }
}

extension Microsoft.QLinearSoftmax {
  package var gradient: Gradient { .none("it computes with integers") }
}
