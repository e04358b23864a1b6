package import IR

/// Hamming's window, a raised cosine that does not reach 0 (https://onnx.ai/onnx/operators/onnx__HammingWindow.html).
package struct HammingWindow: CosineWindow {
  package static let schema = Schema(
    "HammingWindow", opsets: 17...28,
    signature: """
      17: (T1) -> T2; <output_datatype: int = 1, periodic: int = 1>; T1: int32 int64;
        T2: numbers bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [0])
  package static let coefficients = [25.0 / 46, -21.0 / 46]
  package let settings: CosineWindowSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try CosineWindowSettings(node)
  }
}
