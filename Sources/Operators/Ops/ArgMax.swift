package import IR

/// The index of the largest element along an axis
/// (https://onnx.ai/onnx/operators/onnx__ArgMax.html).
package struct ArgMax: ExtremeIndex {
  package static let schema = Schema("ArgMax", opsets: 1...26, inputs: 1...1)
  package static let largest = true
  package let options: ExtremeIndexOptions

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    options = try ExtremeIndexOptions(node, opset: opset)
  }
}
