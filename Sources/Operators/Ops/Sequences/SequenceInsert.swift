package import IR

/// A sequence with one more element, at the end or before a place
/// (https://onnx.ai/onnx/operators/onnx__SequenceInsert.html).
package struct SequenceInsert: ContainerOperator {
  package static let schema = Schema(
    "SequenceInsert", opsets: 11...28,
    signature: """
      11: (S, T, I?) -> S; T: all; S: seq(all); I: int32 int64
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard let element = try inputs.elementType(ofSequence: 0), let own = inputs[1]?.valueType else {
      return [Inferred(value: .sequence(nil))]
    }
    let (a, b) = (element.tensor?.elementType, own.tensor?.elementType)
    guard a == b || a == .undefined || b == .undefined else {
      throw inputs.mismatch(
        1, expected: "the type of the sequence's elements, \(element)", found: "\(own)")
    }
    return [Inferred(value: .sequence(element.widened(to: own)))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    var (elements, type) = try call.sequence(0)
    let new = try call.tensor(1)
    if let known = type?.tensor?.elementType, known != .undefined, known != new.elementType {
      throw call.mismatch(1, expected: "a tensor of \(known)")
    }
    let place = try call.place(2, last: elements.count, count: elements.count)
    elements.insert(.tensor(new), at: place ?? elements.count)
    return [.sequence(elements, of: .tensor(TensorType(new.elementType, nil)))]
  }
}
