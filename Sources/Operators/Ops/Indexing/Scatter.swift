package import IR

/// The name of ScatterElements before opset 11
/// (https://onnx.ai/onnx/operators/onnx__Scatter.html).
package struct Scatter: ScatteringElements {
  package static let schema = Schema(
    "Scatter", opsets: 9...10,
    signature: """
      9: (T, Tind, T) -> T; <axis: int = 0>; T: all; Tind: int32 int64
      """)
  package static let traits = Traits(takesStrings: true)
  package let axis: Int
  package let reduction = ScatterMode.none

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: 0)
  }
}

extension Scatter {
  package var gradient: Gradient { .none("its derivative is not written") }
}

extension Scatter {
  package static let revisions: [Revision] = [
    .renamed(11, from: schema.op.type, to: ScatterElements.schema.op.type)
  ]
}
