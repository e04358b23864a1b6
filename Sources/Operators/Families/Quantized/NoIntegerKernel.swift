extension QuantizationRule {
  /// The operator stays float because ONNX Runtime would fall back to float for it anyway.
  package static func noIntegerKernel(_ type: String) -> QuantizationRule {
    .float(reason: "ONNX Runtime has no integer kernel for \(type)")
  }
}
