package import IR
package import Kernels

/// `a / b` with broadcasting; integers truncate (https://onnx.ai/onnx/operators/onnx__Div.html).
package struct Div: BroadcastBinary {
  package static let schema = Schema("Div", inputs: 2...2)
  package let function = BinaryFunction.divide

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Div")
  }
}
