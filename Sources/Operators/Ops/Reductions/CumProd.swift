package import IR
package import Kernels

/// Running products along an axis (https://onnx.ai/onnx/operators/onnx__CumProd.html).
package struct CumProd: RunningOperator {
  package static let schema = Schema(
    "CumProd", opsets: 26...28,
    signature: """
      26: (T, T2) -> T; <exclusive: int = 0, reverse: int = 0>;
        T: floats int32 int64 uint32 uint64 bfloat16; T2: int32 int64
      """)
  package let function = RunningFunction.product
  package let exclusive: Bool
  package let reverse: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    exclusive = try node.flag("exclusive")
    reverse = try node.flag("reverse")
  }
}

extension CumProd {
  package var gradient: Gradient { .none("its derivative is not written") }
}
