internal import IR

extension QuantizationTarget {
  /// ONNX Runtime on Arm: signed bytes times signed bytes, which its own kernels and those of XNNPACK
  /// both take; sums are exact.
  package static let ortArm = onnxRuntime.with {
    $0.activations = ActivationGrid(.int8)
  }
}
