package import IR

/// A sequence of tensors (https://onnx.ai/onnx/operators/onnx__SequenceConstruct.html).
package struct SequenceConstruct: ContainerOperator {
  package static let schema = Schema(
    "SequenceConstruct", opsets: 11...28,
    signature: """
      11: (T...) -> S; T: all; S: seq(all)
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    var type = inputs[0]?.valueType
    for index in 1..<max(1, inputs.count) {
      guard let before = type, let own = inputs[index]?.valueType else {
        type = nil
        continue
      }
      let (a, b) = (before.tensor?.elementType, own.tensor?.elementType)
      guard a == b || a == .undefined || b == .undefined else {
        throw inputs.mismatch(index, expected: "the type of input 0, \(before)", found: "\(own)")
      }
      type = before.widened(to: own)
    }
    return [Inferred(value: .sequence(type))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let elements = try call.inputs.indices.map { (index) throws(ModelError) in
      try call.tensor(index)
    }
    guard elements.allSatisfy({ $0.elementType == elements[0].elementType }) else {
      throw ModelError(
        .invalid,
        "\(call.label): expected tensors of one element type, found "
          + elements.map { "\($0.type)" }.joined(separator: ", "))
    }
    let type = TensorType(elements[0].elementType, nil)
    return [.sequence(elements.map { .tensor($0) }, of: .tensor(type))]
  }
}
