package import IR
package import Kernels

/// Whether `a < b`, with broadcasting (https://onnx.ai/onnx/operators/onnx__Less.html).
package struct Less: Comparison {
  package static let schema = Schema("Less", inputs: 2...2)
  package let predicate = Predicate.less

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Less")
  }
}
