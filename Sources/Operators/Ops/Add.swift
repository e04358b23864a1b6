package import IR
package import Kernels

/// `a + b` with broadcasting (https://onnx.ai/onnx/operators/onnx__Add.html).
package struct Add: BroadcastBinary {
  package static let schema = Schema("Add", inputs: 2...2)
  package static let isCommutative = true
  package let function = BinaryFunction.add

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .free(inputs: [0, 1]) }
}
