package import IR
private import Kernels

/// The largest (or smallest) elements along an axis and their indices
/// (https://onnx.ai/onnx/operators/onnx__TopK.html).
package struct TopK: Operator {
  package static let schema = Schema(
    "TopK", opsets: 1...28,
    signature: """
      1: (T) -> (T, I); <axis: int = -1, k: int!>; T: floats; I: int64
      10: (T, int64) -> (T, I); <axis: int = -1>
      11: <axis: int = -1, largest: int = 1, sorted: int = 1>; T + integers
      24: T + bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [1], keepsFloat: true)
  let axis: Int
  let largest: Bool
  /// How many elements, as an attribute before opset 10.
  private let count: Int?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: -1)
    largest = opset >= 11 ? try node.flag("largest", default: true) : true
    count = opset < 10 ? try node.int("k") : nil
    if opset >= 10, node.inputs.count < 2 {
      throw ModelError(.invalid, "\(node.label): expected 2 inputs, found \(node.inputs.count)")
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard var shape = type.shape, let axis = try inputs.axis(axis, of: 0) else {
      return [Inferred(type.elementType, nil), Inferred(.int64, nil)]
    }
    let wanted = count.map { Dimension.known($0) } ?? inputs.data(1)?.first ?? .unknown
    if let wanted = wanted.value, wanted < 0 || wanted > shape[axis].value ?? .max {
      throw inputs.mismatch(
        0, expected: "at least \(wanted) elements along axis \(axis)", found: "\(type)")
    }
    shape[axis] = wanted
    return [Inferred(type.elementType, shape), Inferred(.int64, shape)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let axis = try normalizedAxes([axis], rank: x.shape.count, label: context.label)[0]
    let read = try context.integers(1)
    guard let count = count ?? read?.first, count >= 0, count <= x.shape[axis] else {
      throw context.mismatch(
        1, expected: "a number from 0 to \(x.shape[axis])", found: "\(count ?? read?.first ?? 0)")
    }
    var shape = x.shape
    shape[axis] = count
    let values = try context.output(0, context.input(0).elementType, shape)
    let places = try context.output(1, .int64, shape).elements(Int64.self)
    guard let to = values.bytes.baseAddress, let indices = places.baseAddress else { return }
    let span = AxisSpan(x.shape, axis: axis)
    topElements(
      x, outer: span.outer, length: span.length, inner: span.inner, count: count, largest: largest,
      values: to,
      indices: indices)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let axis = try? inputs.axis(axis, of: 0) else {
      return .barrier("shape of input 0 is not known")
    }
    return .alongside(
      inputs.shape(0), outputs: 0..<outputs.count, frozen: [axis], reason: "TopK sorts along it")
  }
}

extension TopK {
  package var gradient: Gradient {
    .rule { [axis] call throws(ModelError) in
      let x = try call.input(0)
      let zeros = x.number(0).expanded(like: x)
      return [
        zeros.apply(
          ScatterElements.self, [try call.output(1), try call.cotangent(0)],
          [Attribute("axis", .int(axis))])
      ]
    }
  }
}

extension TopK {
  package static let revisions: [Revision] = [
    .operand("k", becomes: 1, as: .single, from: 10), .negativeAxes("axis"), .additive(11),
  ]
}
