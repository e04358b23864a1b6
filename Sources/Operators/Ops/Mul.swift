package import IR
package import Kernels

/// `a · b` with broadcasting (https://onnx.ai/onnx/operators/onnx__Mul.html).
package struct Mul: BroadcastBinary {
  package static let schema = Schema("Mul", inputs: 2...2)
  package static let isCommutative = true
  package let function = BinaryFunction.multiply

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .free(inputs: [0, 1]) }
}
