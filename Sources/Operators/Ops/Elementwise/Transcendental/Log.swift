package import IR
package import Kernels

/// The natural logarithm (https://onnx.ai/onnx/operators/onnx__Log.html).
package struct Log: UnaryElementwise {
  package static let schema = Schema(
    "Log", opsets: 1...28,
    signature: """
      6: (T) -> T; T: floats
      13: T + bfloat16
      """)
  package let function = UnaryFunction.log

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Log {
  package var gradient: Gradient { .elementwise { g, x, _ in g / x } }
}
