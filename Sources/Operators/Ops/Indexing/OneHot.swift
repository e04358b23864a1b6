package import IR
private import Kernels

/// One value at each index along a new axis, another elsewhere
/// (https://onnx.ai/onnx/operators/onnx__OneHot.html).
package struct OneHot: Operator {
  package static let schema = Schema(
    "OneHot", opsets: 9...28,
    signature: """
      9: (T1, T2, T3) -> T3; <axis: int = -1>; T1: numbers; T2: numbers; T3: all
      28: T3 + bfloat16
      """)
  package static let traits = Traits(takesStrings: true, auxiliaryInputs: [1, 2])
  let axis: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: -1)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.elementType(2)
    guard var shape = inputs.shape(0) else { return [Inferred(type, nil)] }
    let axis = try inputs.normalizedAxis(axis, rank: shape.rank + 1)
    let depth = inputs.data(1)?.first ?? inputs[1]?.constant?.doubles?.first.flatMap(whole)
    shape.dimensions.insert(depth ?? .unknown, at: axis)
    return [Inferred(type, shape)]
  }

  private func whole(_ value: Double) -> Dimension? {
    Int(exactly: value.rounded(.towardZero)).map { .known($0) }
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let places = try wholeNumbers(context, 0)
    let values = try context.input(2)
    let width = try context.elementWidth(2)
    let axis = try normalizedAxes([axis], rank: x.shape.count + 1, label: context.label)[0]
    guard let depth = try wholeNumbers(context, 1).first, depth >= 0 else {
      throw context.mismatch(1, expected: "one number of 0 or more", found: "none")
    }
    guard values.count == 2 else {
      throw context.mismatch(2, expected: "two values", found: "shape \(values.shape)")
    }
    var shape = x.shape
    shape.insert(depth, at: axis)
    let y = try context.bytes(values.elementType, shape)
    guard let to = y.baseAddress, let off = values.bytes.baseAddress, y.count > 0 else { return }
    fill(to, count: y.count / width, width: width, with: off)
    let inner = x.shape[axis...].reduce(1, *)
    var offsets: [Int] = []
    for (position, place) in places.enumerated() where place >= -depth && place < depth {
      let (outer, column) = position.quotientAndRemainder(dividingBy: inner)
      offsets.append((outer * depth + (place < 0 ? place + depth : place)) * inner + column)
    }
    write(off + width, width: width, at: offsets, of: to)
  }

  /// Numbers of any type, cut to integers; those that do not fit count as out of range.
  private func wholeNumbers(_ context: Evaluation, _ index: Int) throws(ModelError) -> [Int] {
    let view = try context.input(index)
    switch view.elementType {
    case .float:
      return view.elements(Float.self).map { Int(exactly: $0.rounded(.towardZero)) ?? .max }
    case .double:
      return view.elements(Double.self).map { Int(exactly: $0.rounded(.towardZero)) ?? .max }
    default: return try context.requiredIntegers(index)
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .alongside(
      inputs.shape(0), frozen: Set(0..<(inputs.rank(0) ?? 0)), reason: "OneHot reads indices")
  }
}

extension OneHot {
  package var gradient: Gradient { .zero }
}
