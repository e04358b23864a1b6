import IR

/// Operators of ONNX Runtime's own domain
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md), which may have the
/// names of standard ones.
package enum Microsoft {
  package static let domain = "com.microsoft"
}

extension NodeView {
  /// Refuses operands that ONNX Runtime's operator has and the one here has not.
  ///
  /// - Parameters:
  ///   - first: the first of such inputs.
  ///   - outputsFrom: the first of such outputs.
  func refuse(inputsFrom first: Int, outputsFrom: Int = .max) throws(ModelError) {
    for (kind, given, first) in [("input", inputs, first), ("output", outputs, outputsFrom)] {
      guard let found = given.indices.first(where: { $0 >= first && given[$0] }) else { continue }
      throw ModelError(
        .unsupported, "\(label), \(kind) \(found): expected none here, found one")
    }
  }
}
