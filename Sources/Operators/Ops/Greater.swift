package import IR
package import Kernels

/// Whether `a > b`, with broadcasting (https://onnx.ai/onnx/operators/onnx__Greater.html).
package struct Greater: Comparison {
  package static let schema = Schema("Greater", inputs: 2...2)
  package let predicate = Predicate.greater

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Greater")
  }
}
