package import IR
package import Kernels

/// `aᵇ` in the type of `a`, with broadcasting (https://onnx.ai/onnx/operators/onnx__Pow.html).
package struct Pow: BroadcastBinary {
  package static let schema = Schema("Pow", inputs: 2...2)
  package let function = BinaryFunction.power

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Pow")
  }
}
