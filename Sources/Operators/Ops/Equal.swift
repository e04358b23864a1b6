package import IR
package import Kernels

/// Whether `a = b`, with broadcasting (https://onnx.ai/onnx/operators/onnx__Equal.html).
package struct Equal: Comparison {
  package static let schema = Schema("Equal", inputs: 2...2)
  package static let takesStrings = true
  package static let isCommutative = true
  package let predicate = Predicate.equal

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Equal")
  }
}
