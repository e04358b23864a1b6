package import IR

/// An element of a sequence (https://onnx.ai/onnx/operators/onnx__SequenceAt.html).
package struct SequenceAt: ContainerOperator {
  package static let schema = Schema(
    "SequenceAt", opsets: 11...28,
    signature: """
      11: (S, I) -> T; S: seq(all); T: all; I: int32 int64
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(value: try inputs.elementType(ofSequence: 0))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let elements = try call.sequence(0).elements
    let place = try call.place(1, last: elements.count - 1, count: elements.count)
    guard let place else { throw call.mismatch(1, expected: "a place in the sequence") }
    return [elements[place]]
  }
}
