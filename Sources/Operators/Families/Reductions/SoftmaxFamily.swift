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

extension SoftmaxFamily {
  /// A rule along the axis, or along the second one of a matrix.
  func alongAxis(
    _ rule: @escaping @Sendable (_ g: Term, _ y: Term, _ axis: Int) -> Term
  ) -> Gradient {
    .rule { [self] call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0), y = try call.output(0)
      let rank = try call.shape(0).rank
      let place = try AxisRuns(axis: axis, flattens: flattens).split(
        rank: rank, label: call.label)
      guard flattens, place != rank - 1 else { return [rule(g, y, place).typed(as: x.type)] }
      func flat(_ term: Term) -> Term {
        term.apply(
          Flatten.self, [], [Attribute("axis", .int(place))],
          as: TensorType(x.type.elementType, Shape([.unknown, .unknown])))
      }
      return [rule(flat(g), flat(y), 1).reshaped(like: x).typed(as: x.type)]
    }
  }
}
