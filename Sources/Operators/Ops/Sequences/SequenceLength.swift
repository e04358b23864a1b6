package import IR

/// The number of elements of a sequence
/// (https://onnx.ai/onnx/operators/onnx__SequenceLength.html).
package struct SequenceLength: ContainerOperator {
  package static let schema = Schema(
    "SequenceLength", opsets: 11...28,
    signature: """
      11: (S) -> I; S: seq(all); I: int64
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    _ = try inputs.elementType(ofSequence: 0)
    return [Inferred(TensorType(.int64, []))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    [.tensor(Tensor(int64: [try call.sequence(0).elements.count], []))]
  }
}
