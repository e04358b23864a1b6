package import IR
package import Kernels

/// `a - b` with broadcasting (https://onnx.ai/onnx/operators/onnx__Sub.html).
package struct Sub: BroadcastBinary {
  package static let schema = Schema("Sub", inputs: 2...2)
  package let function = BinaryFunction.subtract

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Sub")
  }
}
