package import IR
import Kernels

/// LayerNormalization and RMSNormalization: statistics over all axes from one on.
package protocol TrailingNormalization: Operator {
  /// The first normalised axis as given: may be negative.
  var axis: Int { get }
  /// What is added to the variance or mean square.
  var epsilon: Float { get }
  /// What rows are normalised by.
  static var usesMean: Bool { get }
  /// Which outputs get the mean and the inverse of the deviation, in this order.
  static var statistics: (mean: Int?, inverse: Int) { get }
}

extension TrailingNormalization {
  package static var statistics: (mean: Int?, inverse: Int) { (1, 2) }

  private var form: RowNormalizationForm {
    RowNormalizationForm(axis: axis, epsilon: epsilon, usesMean: Self.usesMean)
  }

  package var computation: Computation? { .rowNormalization(form) }

  /// Computes output 0 and, where asked for, the statistics in their outputs.
  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let axis = try first(rank: x.shape.count, label: context.label)
    let normalized = Array(x.shape[axis...])
    let rows = RowNormalization(
      Self.usesMean ? .variance : .meanSquare, rows: x.shape[..<axis].reduce(1, *),
      length: normalized.reduce(1, *), epsilon: Double(epsilon),
      scale: try context.parameters(1, shape: normalized),
      bias: try context.parameters(2, shape: normalized))
    let statistics = x.shape[..<axis] + normalized.map { _ in 1 }
    let y = try context.output(0, context.input(0).elementType, x.shape)
    let (first, second) = Self.statistics
    var mean: Target?
    if let first, context.wants(first) {
      mean = try context.output(first, .float, Array(statistics))
    }
    let inverse =
      context.wants(second) ? try context.output(second, .float, Array(statistics)) : nil
    guard rows.run(x, into: y, mean: mean, inverse: inverse) else {
      throw context.unsupportedTypes([0])
    }
  }

  /// The first normalised axis, made non-negative.
  package func first(rank: Int, label: String) throws(ModelError) -> Int {
    try form.first(rank: rank, label: label)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let shape = inputs.shape(0),
      let first = try? first(rank: shape.rank, label: inputs.label)
    else { return .barrier("shape of input 0 is not known") }
    var relations: [ChannelRule.Relation] = []
    for axis in shape.dimensions.indices {
      relations.append(.same(Axis(.input(0), axis), Axis(.output(0), axis)))
      if axis < first {
        for output in 1..<max(1, outputs.count) {
          relations.append(.same(Axis(.input(0), axis), Axis(.output(output), axis)))
        }
        continue
      }
      relations.append(.doesNotCommute(Axis(.input(0), axis)))
      for index in 1...2 {
        guard let parameter = inputs.shape(index) else {
          if inputs.has(index) { return .barrier("shape of input \(index) is not known") }
          continue
        }
        let own = axis - (shape.rank - parameter.rank)
        guard own >= 0, parameter[own] == shape[axis] else { continue }
        relations.append(.same(Axis(.input(0), axis), Axis(.input(index), own)))
        if index == 1 { relations.append(.scales(Axis(.input(1), own))) }
      }
    }
    return ChannelRule(relations)
  }
}

extension TrailingNormalization {
  /// The rule of normalisation over the last axes with a scale and perhaps a shift an element.
  var trailingGradient: Gradient {
    .rule { [self] call throws(ModelError) in
      let rank = try call.shape(0).rank
      let axes = Array(try first(rank: rank, label: call.label)..<rank)
      let g = try call.cotangent(0), x = try call.input(0), scale = try call.input(1)
      let (elements, back) = call.normalized(
        x, axes, epsilon: Double(epsilon), usesMean: Self.usesMean)
      let scaled = (g * scale).typed(as: x.type)
      let own = try call.summed((g * elements).typed(as: x.type), like: 1)
      guard call.has(2) else { return [back(scaled), own] }
      return [back(scaled), own, try call.summed(g, like: 2)]
    }
  }
}
