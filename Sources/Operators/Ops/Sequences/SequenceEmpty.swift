package import IR

/// A sequence without elements (https://onnx.ai/onnx/operators/onnx__SequenceEmpty.html).
package struct SequenceEmpty: ContainerOperator {
  package static let schema = Schema(
    "SequenceEmpty", opsets: 11...28,
    signature: """
      11: () -> S; <dtype: int>; S: seq(all)
      """)
  private let type: ValueType

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let code = try node.int("dtype", default: Int(ElementType.float.rawValue))
    guard let raw = Int32(exactly: code), raw > 0 else {
      throw node.mismatch("dtype", expected: "an element type", found: "\(code)")
    }
    type = .tensor(TensorType(ElementType(rawValue: raw), nil))
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(value: .sequence(type))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] { [.sequence([], of: type)] }
}
