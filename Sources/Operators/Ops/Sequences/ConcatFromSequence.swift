package import IR

/// The tensors of a sequence joined along an axis, or stacked along a new one
/// (https://onnx.ai/onnx/operators/onnx__ConcatFromSequence.html).
package struct ConcatFromSequence: ContainerOperator {
  package static let schema = Schema(
    "ConcatFromSequence", opsets: 11...28,
    signature: """
      11: (S) -> T; <axis: int!, new_axis: int = 0>; S: seq(all); T: all
      """)
  private let axis: Int
  private let isNew: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis")
    isNew = try node.flag("new_axis")
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard let type = try inputs.elementType(ofSequence: 0)?.tensor else {
      return [Inferred(.unknown)]
    }
    guard var shape = type.shape else { return [Inferred(type.elementType, nil)] }
    let axis = try inputs.normalizedAxis(axis, rank: shape.rank + (isNew ? 1 : 0))
    if isNew {
      shape.dimensions.insert(.unknown, at: axis)
    } else {
      shape[axis] = .unknown
    }
    return [Inferred(type.elementType, shape)]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    var parts = try call.sequence(0).elements.compactMap(\.tensor)
    guard let rank = parts.first?.dimensions.count else {
      throw call.mismatch(0, expected: "a sequence of tensors with an element")
    }
    let axis = try normalizedAxes([axis], rank: rank + (isNew ? 1 : 0), label: call.label)[0]
    if isNew {
      parts = try parts.map { (part) throws(ModelError) in
        guard part.dimensions.count == rank else {
          throw call.mismatch(0, expected: "tensors of one rank")
        }
        return part.unsqueezed(axis: axis)
      }
    }
    guard let whole = Tensor(joining: parts, axis: axis) else {
      throw ModelError(
        .invalid,
        "\(call.label): expected tensors of one type that differ along axis \(axis) only, found "
          + parts.prefix(8).map { "\($0.type)" }.joined(separator: ", "))
    }
    return [.tensor(whole)]
  }
}
