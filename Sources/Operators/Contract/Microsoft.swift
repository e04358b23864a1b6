import IR

/// Operators of ONNX Runtime's own domain
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md), which may have the
/// names of standard ones.
package enum Microsoft {
  package static let domain = "com.microsoft"
}

extension NodeView {
  /// Checks that the listed inputs are given, where others before them may be left out.
  func requireInputs(_ indices: [Int]) throws(ModelError) {
    for index in indices where !(inputs[safe: index] ?? false) {
      throw ModelError(.invalid, "\(label), input \(index): expected a value, found none")
    }
  }
}
