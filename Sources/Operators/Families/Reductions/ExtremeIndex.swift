package import IR
private import Kernels

/// ArgMax and ArgMin: where along an axis the extreme element is.
package protocol ExtremeIndex: Operator {
  /// Whether the largest element is looked for, else the smallest.
  static var largest: Bool { get }
  /// The attributes.
  var options: ExtremeIndexOptions { get }
}

/// Attributes of ArgMax and ArgMin.
package struct ExtremeIndexOptions: Sendable {
  let axis: Int
  let keepsAxis: Bool
  let takesLast: Bool

  init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: 0)
    keepsAxis = try node.flag("keepdims", default: true)
    takesLast = opset >= 12 ? try node.flag("select_last_index") : false
  }
}

extension ExtremeIndex {

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard var shape = inputs.shape(0), let axis = try inputs.axis(options.axis, of: 0) else {
      return [Inferred(.int64, nil)]
    }
    if options.keepsAxis { shape[axis] = .known(1) } else { shape.dimensions.remove(at: axis) }
    return [Inferred(.int64, shape)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let axis = try normalizedAxes([options.axis], rank: x.shape.count, label: context.label)[0]
    guard x.shape[axis] > 0 else {
      throw context.mismatch(0, expected: "elements along axis \(axis)", found: "shape \(x.shape)")
    }
    var shape = x.shape
    if options.keepsAxis { shape[axis] = 1 } else { shape.remove(at: axis) }
    let y = try context.output(0, .int64, shape).elements(Int64.self)
    guard let target = y.baseAddress else { return }
    let span = AxisSpan(x.shape, axis: axis)
    indexOfExtreme(
      x, outer: span.outer, length: span.length, inner: span.inner, largest: Self.largest,
      takesLast: options.takesLast, into: target)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let rank = inputs.rank(0), let axis = try? inputs.axis(options.axis, of: 0) else {
      return .barrier("shape of input 0 is not known")
    }
    return ChannelRule(
      (0..<rank).map { other in
        if other == axis {
          return .freeze(Axis(.input(0), axis), reason: "\(Self.schema.op) gives places along it")
        }
        let shift = other > axis && !options.keepsAxis ? 1 : 0
        return .same(Axis(.input(0), other), Axis(.output(0), other - shift))
      })
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "its result is an index")
  }
}

extension ExtremeIndex {
  package var gradient: Gradient { .zero }
}
