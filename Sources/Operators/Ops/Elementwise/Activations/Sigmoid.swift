package import IR
package import Kernels

/// `1 / (1 + e⁻ˣ)` (https://onnx.ai/onnx/operators/onnx__Sigmoid.html).
package struct Sigmoid: UnaryElementwise {
  package static let schema = Schema(
    "Sigmoid", opsets: 1...28,
    signature: """
      6: (T) -> T; T: floats
      13: T + bfloat16
      """)
  package let function = UnaryFunction.sigmoid

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .free(inputs: [0]) }
}

extension Sigmoid {
  package var gradient: Gradient { .elementwiseOfResult { g, y in g * y * (1 - y) } }
}

extension Sigmoid {
  package func integerForm(opset: Int) -> IntegerForm? {
    IntegerForm(Microsoft.QLinearSigmoid.schema.op, .resultLast)
  }
}
