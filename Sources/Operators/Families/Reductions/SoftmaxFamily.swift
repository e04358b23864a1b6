package import IR
import Kernels

/// What looks at the elements along an axis together: Softmax, its logarithm and Hardmax. Before
/// opset 13 the tensor is seen as a matrix split at the axis, and each row is taken as a whole; from
/// 13 on, only what lies along the axis.
package protocol AlongAxis: Operator {
  /// As given: may be negative.
  var axis: Int { get }
  /// Whether all axes from `axis` on are taken together (before opset 13).
  var flattens: Bool { get }
}

/// Softmax and its logarithm.
package protocol SoftmaxFamily: AlongAxis {
  /// Whether the logarithm is taken.
  static var isLogarithm: Bool { get }
}

extension AlongAxis {
  private var along: AxisRuns { AxisRuns(axis: axis, flattens: flattens) }

  /// How many elements are normalised together, how far apart they are, and how many such runs lie
  /// one after another.
  package func runs(
    _ shape: [Int], label: String
  ) throws(ModelError) -> (outer: Int, length: Int, inner: Int) {
    try along.lengths(shape, label: label)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    if let rank = inputs.rank(0) { _ = try along.split(rank: rank, label: inputs.label) }
    return [Inferred(inputs.type(0))]
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let rank = inputs.rank(0), let axis = try? along.split(rank: rank, label: inputs.label)
    else {
      return .barrier("shape of input 0 is not known")
    }
    let frozen = flattens ? Set(axis..<rank) : [axis]
    return .alongside(inputs.shape(0), frozen: frozen, reason: "softmax over this axis")
  }
}

extension SoftmaxFamily {
  package var computation: Computation? {
    .softmax(AxisRuns(axis: axis, flattens: flattens), isLogarithm: Self.isLogarithm)
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let (outer, length, inner) = try runs(x.shape, label: context.label)
    let y = try context.output(0, context.input(0).elementType, x.shape)
    let format = Self.isLogarithm ? nil : context.format(0)
    let done =
      format.map { softmax(x, outer: outer, length: length, inner: inner, in: $0, into: y) }
      ?? softmax(
        x, outer: outer, length: length, inner: inner, logarithm: Self.isLogarithm, into: y)
    guard done else { throw context.unsupportedTypes([0]) }
  }
}
