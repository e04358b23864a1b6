package import IR
private import Kernels

/// `(x - mean) / (deviation + 1e-9)` over some axes
/// (https://onnx.ai/onnx/operators/onnx__MeanVarianceNormalization.html).
package struct MeanVarianceNormalization: Operator {
  package static let schema = Schema(
    "MeanVarianceNormalization", opsets: 9...28,
    signature: """
      9: (T) -> T; <axes: ints = 0 2 3>; T: floats
      13: T + bfloat16
      """)
  private let axes: [Int]

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axes = try node.ints("axes") ?? [0, 2, 3]
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    if let rank = inputs.rank(0) {
      _ = try normalizedAxes(axes, rank: rank, label: inputs.label)
    }
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let axes = try normalizedAxes(axes, rank: x.shape.count, label: context.label)
    let shape = x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] }
    let values = NumberTensor(try context.numbers(0), x.shape)
    let centered = values.combined(.subtract, values.reduced(.mean, axes, shape))
    var deviation = centered.combined(.multiply, centered).reduced(.mean, axes, shape)
    deviation.values = deviation.values.map { $0.squareRoot() + 1e-9 }
    try context.write(centered.combined(.divide, deviation).values, x.elementType, x.shape)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let shape = inputs.shape(0),
      let axes = try? normalizedAxes(axes, rank: shape.rank, label: inputs.label)
    else { return .barrier("shape of input 0 is not known") }
    return ChannelRule(
      shape.dimensions.indices.flatMap { axis -> [ChannelRule.Relation] in
        let place = Axis(.input(0), axis)
        let same = ChannelRule.Relation.same(place, Axis(.output(0), axis))
        return axes.contains(axis) ? [same, .doesNotCommute(place)] : [same]
      })
  }
}

/// Doubles with a shape.
private struct NumberTensor {
  var values: [Double]
  let shape: [Int]

  init(_ values: [Double], _ shape: [Int]) {
    self.values = values
    self.shape = shape
  }

  /// This and a tensor that broadcasts to it.
  func combined(_ function: BinaryFunction, _ other: NumberTensor) -> NumberTensor {
    var result = self
    values.withUnsafeBytes { a in
      other.values.withUnsafeBytes { b in
        result.values.withUnsafeMutableBytes { y in
          _ = binary(
            function, Source(.double, shape, a), Source(.double, other.shape, b),
            into: Target(.double, shape, y))
        }
      }
    }
    return result
  }

  func reduced(_ function: ReduceFunction, _ axes: [Int], _ kept: [Int]) -> NumberTensor {
    var result = NumberTensor([Double](repeating: 0, count: kept.reduce(1, *)), kept)
    values.withUnsafeBytes { a in
      result.values.withUnsafeMutableBytes { y in
        _ = reduce(
          function, Source(.double, shape, a), axes: axes, into: Target(.double, kept, y))
      }
    }
    return result
  }
}

extension MeanVarianceNormalization {
  package var gradient: Gradient {
    .spelledOut { [axes] call throws(ModelError) in
      let x = try call.input(0)
      let axes = try axes.map { (axis) throws(ModelError) in try call.axis(axis) }
      let centred = (x - x.mean(axes)).typed(as: x.type)
      return [centred / (centred.squared.mean(axes).sqrt + 1e-9)]
    }
  }
}
