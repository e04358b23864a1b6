/// The versions of ONNX's own operator set.
package enum OperatorSets {
  /// The oldest version that operators are converted from and to.
  package static let oldest = 7
  /// The newest version that the project knows.
  package static let newest = 28

  /// The version of the file format that was current when a version of the operator set came out
  /// (https://onnx.ai/onnx/repo-docs/Versioning.html).
  package static func irVersion(of opset: Int) -> Int {
    let first = [
      (28, 14), (25, 13), (24, 12), (23, 11), (21, 10), (19, 9), (15, 8), (12, 7), (11, 6), (10, 5),
      (9, 4),
    ]
    return first.first { opset >= $0.0 }?.1 ?? 3
  }
}
