package import IR
package import Kernels

/// Logical exclusive disjunction with broadcasting (https://onnx.ai/onnx/operators/onnx__Xor.html).
package struct Xor: Comparison {
  package static let schema = Schema("Xor", inputs: 2...2)
  package static let isCommutative = true
  package let predicate = Predicate.xor

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Xor")
  }
}
