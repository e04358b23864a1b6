import IR

extension Revision {
  /// Since opset 13 the operator works along one axis; before, all axes from it on were taken together
  /// (https://onnx.ai/onnx/operators/onnx__Softmax.html).
  static let oneAxis = Revision(
    13, up: { edit throws(ModelError) in try edit.workAlongOneAxis() },
    down: { edit throws(ModelError) in try edit.workFromAxisOn() })
}

extension VersionEdit {
  /// The axis counted from the front; nil where the rank is not known.
  private func positive(_ axis: Int) -> Int? {
    guard let rank = type(0).shape?.rank, axis >= -rank, axis < rank else { return nil }
    return axis < 0 ? axis + rank : axis
  }

  /// Whether all axes behind one have length 1, so that it makes no difference.
  private func isLast(_ axis: Int) -> Bool {
    type(0).shape?.dimensions.dropFirst(axis + 1).allSatisfy { $0 == .known(1) } ?? false
  }

  fileprivate mutating func workAlongOneAxis() throws(ModelError) {
    let axis = try int("axis", default: 1)
    if axis == -1 { return set("axis", .int(-1)) }
    if let own = positive(axis), isLast(own) { return set("axis", .int(own)) }
    guard let x = input(0) else { return }
    // Seen as a matrix, and back.
    let type = type(0)
    let shape = before(
      ShapeOf.schema.op.type, [x],
      as: TensorType(.int64, type.shape.map { Shape([$0.rank]) }))
    let matrix = before(
      Flatten.schema.op.type, [x], [Attribute("axis", .int(axis))],
      as: TensorType(type.elementType, nil))
    setInput(0, matrix)
    set("axis", .int(-1))
    after(Reshape.schema.op.type, [shape], of: TensorType(type.elementType, nil))
  }

  fileprivate mutating func workFromAxisOn() throws(ModelError) {
    let axis = try int("axis", default: -1)
    if axis == -1 { return set("axis", .int(-1)) }
    guard let own = positive(axis), let rank = type(0).shape?.rank else {
      throw decline("axis \(axis) of an unknown number of axes came with operator set 13")
    }
    if isLast(own) { return set("axis", .int(own)) }
    guard let x = input(0) else { return }
    // Its own inverse: the axis changes places with the last.
    var order = Array(0..<rank)
    order.swapAt(own, rank - 1)
    let perm = [Attribute("perm", .ints(order))]
    let type = TensorType(type(0).elementType, nil)
    setInput(0, before(Transpose.schema.op.type, [x], perm, as: type))
    set("axis", .int(rank - 1))
    after(Transpose.schema.op.type, [], perm, of: type)
  }
}
