package import IR
package import Kernels

/// Running products along an axis (https://onnx.ai/onnx/operators/onnx__CumProd.html).
package struct CumProd: RunningOperator {
  package static let schema = Schema("CumProd", opsets: 26...26, inputs: 2...2)
  package let function = RunningFunction.product
  package let exclusive: Bool
  package let reverse: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    exclusive = try node.flag("exclusive")
    reverse = try node.flag("reverse")
  }
}
