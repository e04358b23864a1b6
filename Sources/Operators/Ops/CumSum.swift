package import IR
package import Kernels

/// Running sums along an axis (https://onnx.ai/onnx/operators/onnx__CumSum.html).
package struct CumSum: RunningOperator {
  package static let schema = Schema("CumSum", opsets: 11...26, inputs: 2...2)
  package let function = RunningFunction.sum
  package let exclusive: Bool
  package let reverse: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    exclusive = try node.flag("exclusive")
    reverse = try node.flag("reverse")
  }
}
