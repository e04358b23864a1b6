/// Operators of ONNX Runtime's own domain
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md), which may have the
/// names of standard ones.
package enum Microsoft {
  package static let domain = "com.microsoft"
}
