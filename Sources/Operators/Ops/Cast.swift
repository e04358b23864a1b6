package import IR
package import Kernels

/// Elements converted to another type (https://onnx.ai/onnx/operators/onnx__Cast.html). Floating
/// point to integer truncates and saturates, NaN gives 0; integers of less than a byte keep the lower
/// bits.
package struct Cast: Conversion {
  package static let schema = Schema("Cast", opsets: 6...26, inputs: 1...1)

  /// The type of the output.
  package let to: ElementType
  package let rule: ConversionRule

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let code = try node.int("to")
    guard let raw = Int32(exactly: code), raw > 0 else {
      throw node.mismatch("to", expected: "an element type", found: "\(code)")
    }
    to = ElementType(rawValue: raw)
    rule = try ConversionRule(node, opset: opset)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] { infer(inputs, to: to) }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    inputs.elementType(0) == to
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    try convert(context, to: to)
  }

  package var needsValues: Bool { to == .string }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    try convertText(call, to: to)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .noIntegerKernel("Cast") }
}
