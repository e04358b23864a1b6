package import IR

/// Hann's window, a raised cosine (https://onnx.ai/onnx/operators/onnx__HannWindow.html).
package struct HannWindow: CosineWindow {
  package static let schema = Schema(
    "HannWindow", opsets: 17...28,
    signature: """
      17: (T1) -> T2; <output_datatype: int = 1, periodic: int = 1>; T1: int32 int64;
        T2: numbers bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [0])
  package static let coefficients = [0.5, -0.5]
  package let settings: CosineWindowSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try CosineWindowSettings(node)
  }
}
