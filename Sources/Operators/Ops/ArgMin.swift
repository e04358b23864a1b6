package import IR

/// The index of the smallest element along an axis
/// (https://onnx.ai/onnx/operators/onnx__ArgMin.html).
package struct ArgMin: ExtremeIndex {
  package static let schema = Schema("ArgMin", opsets: 1...26, inputs: 1...1)
  package static let largest = false
  package let options: ExtremeIndexOptions

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    options = try ExtremeIndexOptions(node, opset: opset)
  }
}
