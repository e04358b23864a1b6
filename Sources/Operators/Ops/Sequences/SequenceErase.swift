package import IR

/// A sequence without one of its elements, the last when no place is given
/// (https://onnx.ai/onnx/operators/onnx__SequenceErase.html).
package struct SequenceErase: ContainerOperator {
  package static let schema = Schema(
    "SequenceErase", opsets: 11...28,
    signature: """
      11: (S, I?) -> S; S: seq(all); I: int32 int64
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(value: .sequence(try inputs.elementType(ofSequence: 0)))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    var (elements, type) = try call.sequence(0)
    guard !elements.isEmpty else {
      throw call.mismatch(0, expected: "a sequence with an element to erase")
    }
    let place = try call.place(1, last: elements.count - 1, count: elements.count)
    elements.remove(at: place ?? elements.count - 1)
    return [.sequence(elements, of: type)]
  }
}
