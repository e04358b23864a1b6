package import IR
private import Kernels

/// The different elements, or slices along an axis, where each first stands, which of them each
/// place holds, and how often each occurs (https://onnx.ai/onnx/operators/onnx__Unique.html).
package struct Unique: Operator {
  package static let schema = Schema(
    "Unique", opsets: 11...28,
    signature: """
      11: (T) -> (T, int64?, int64?, int64?); <axis: int, sorted: int = 1>; T: all
      28: T + bfloat16
      """)
  package static let traits = Traits(takesStrings: true)
  /// Nil for the elements of the flattened tensor.
  private let axis: Int?
  private let sorted: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = node.has("axis") ? try node.int("axis") : nil
    sorted = try node.flag("sorted", default: true)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    var shape: Shape? = Shape([Dimension.unknown])
    var places = type.shape?.elementCount ?? .unknown
    if let axis {
      shape = type.shape
      if let place = try inputs.axis(axis, of: 0) {
        places = type.shape?[place] ?? .unknown
        shape?[place] = .unknown
      }
    }
    let found = Inferred(.int64, Shape([Dimension.unknown]))
    return [
      Inferred(type.elementType, shape), found, Inferred(.int64, Shape([places])), found,
    ]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    var span = AxisSpan(outer: 1, length: x.count, inner: 1)
    var place = 0
    if let axis {
      place = try normalizedAxes([axis], rank: x.shape.count, label: context.label)[0]
      span = AxisSpan(x.shape, axis: place)
    }
    let result = distinctSlices(
      x, outer: span.outer, length: span.length, inner: span.inner, sorted: sorted)
    if axis == nil {
      try context.gather(result.first, run: 1, shape: [result.first.count])
    } else {
      try context.pick(x.shape.indices.map { $0 == place ? result.first : nil })
    }
    for (output, values) in [(1, result.first), (2, result.membership), (3, result.counts)]
    where context.wants(output) {
      let y = try context.output(output, .int64, [values.count]).elements(Int64.self)
      for (place, value) in values.enumerated() { y[place] = Int64(value) }
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("elements are compared with each other")
  }
}

extension Unique {
  package var gradient: Gradient { .none("it sorts") }
}
