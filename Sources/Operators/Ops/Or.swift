package import IR
package import Kernels

/// Logical disjunction with broadcasting (https://onnx.ai/onnx/operators/onnx__Or.html).
package struct Or: Comparison {
  package static let schema = Schema("Or", inputs: 2...2)
  package static let isCommutative = true
  package let predicate = Predicate.or

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Or")
  }
}
