package import IR

/// Which operand of a node: an input or an output, by position.
package enum Port: Hashable, Sendable {
  case input(Int)
  case output(Int)
}

/// One axis of one operand.
package struct Axis: Hashable, Sendable {
  package let port: Port
  package let axis: Int

  package init(_ port: Port, _ axis: Int) {
    self.port = port
    self.axis = axis
  }
}

/// How removing an index along one axis of an operand spreads to the node's other operands.
///
/// Axes of length 1 take part in nothing. Every longer axis that no relation mentions is frozen.
package struct ChannelRule: Sendable {
  /// One declarative fact.
  package enum Relation: Sendable {
    /// Index i of one axis stands and falls with index i of the other.
    case same(Axis, Axis)
    /// Index i of the first axis goes with the `factor` indices from i·factor of the second.
    case spread(Axis, Axis, factor: Int)
    /// Index i of the first axis goes with index i of each of the `count` equal runs that the second
    /// consists of: the rows of a recurrent operator's gates, the scales of its directions.
    case tiled(Axis, Axis, count: Int)
    /// Index i of the first axis goes with index start + i of the second, one of the operands that are
    /// joined along it.
    case part(Axis, of: Axis, start: Int)
    /// Only the number of indices along this axis counts, not which they are: any may go.
    case interchangeable(Axis)
    /// Nothing may be removed along this axis.
    case freeze(Axis, reason: String)
    /// The axis consists of `count` equal runs that must keep the same number of indices.
    case blocks(Axis, count: Int)
    /// Grouped convolution: column j of a weight's axis serves, in the rows of block g, index
    /// g·n + j of `channels`, where n is the length of the weight's axis.
    case groupedColumns(Axis, rows: Axis, of: Axis, groups: Int)
    /// Summed, averaged or otherwise reduced over, on its own: without an index the result is another
    /// one. Frozen unless the caller wants it so.
    case reduced(Axis)
    /// A trained weight whose slices along this axis make the channels.
    case produces(Axis)
    /// A weight, or one of two activations, that is summed over along this axis; zeroing a slice is
    /// the same as the channel being zero, which is what the oracle relies on.
    case consumes(Axis)
    /// A per-channel parameter whose magnitude counts for importance (a normalisation's scale).
    case scales(Axis)
    /// Removing an index changes what is computed for the others (a normalisation's statistics).
    case doesNotCommute(Axis)
    /// The operator only moves elements of these inputs; the engine runs it on labels to see where
    /// they go. Axes in `passing` go through unchanged and are not traced.
    case moves(inputs: [Int], passing: [(input: Int, output: Int)])
    /// What lies at the indices of this axis is computed side by side by a product of two
    /// activations: heads of attention.
    case parallel(Axis)
    /// A weight of integers stands for (weight - zero-point) · scale; both are scalars or hold a number
    /// for each index along `axis`.
    case quantized(weight: Int, scale: Int?, zeroPoint: Int?, axis: Int)
    /// An attention operator's heads.
    case heads(AttentionChannels)
  }

  package var relations: [Relation]

  package init(_ relations: [Relation]) { self.relations = relations }

  /// The rule with one more fact, unless the node is a barrier.
  package func adding(_ relation: Relation) -> ChannelRule {
    var rule = self
    if barrier == nil { rule.relations.append(relation) }
    return rule
  }

  /// Nothing can be removed from any operand.
  package static func barrier(_ reason: String) -> ChannelRule { ChannelRule([], barrier: reason) }

  /// The reason when the node is a barrier.
  package private(set) var barrier: String?

  private init(_ relations: [Relation], barrier: String) {
    self.relations = relations
    self.barrier = barrier
  }

  /// Elementwise with broadcasting: shapes aligned at the right; an axis of length 1 that is
  /// stretched contributes nothing.
  package static func elementwise(
    inputs: [(index: Int, shape: Shape?)], outputs: [TensorType]
  ) -> ChannelRule {
    var relations: [Relation] = []
    for (position, output) in outputs.enumerated() {
      guard let out = output.shape else {
        return .barrier("shape of output \(position) is not known")
      }
      for (index, shape) in inputs {
        guard let shape else { return .barrier("shape of input \(index) is not known") }
        for axis in shape.dimensions.indices {
          let target = axis + out.rank - shape.rank
          if target >= 0, shape[axis] == out[target] {
            relations.append(.same(Axis(.input(index), axis), Axis(.output(position), target)))
          }
        }
      }
    }
    return ChannelRule(relations)
  }
}

/// What a node loses: old shapes of its operands and the indices kept along each axis.
package struct Cut {
  /// How messages name the node.
  package let label: String
  /// The inputs before the cut, with constants.
  package let inputs: Inputs
  /// Shapes of the outputs before the cut.
  package let outputs: [TensorType]
  private let keptIndices: (Axis) -> [Int]?

  package init(
    label: String, inputs: Inputs, outputs: [TensorType], kept: @escaping (Axis) -> [Int]?
  ) {
    self.label = label
    self.inputs = inputs
    self.outputs = outputs
    self.keptIndices = kept
  }

  /// The kept indices along an axis, ascending, or nil when the axis keeps everything.
  package func kept(_ port: Port, _ axis: Int) -> [Int]? { keptIndices(Axis(port, axis)) }

  /// The new length of an axis; nil when it is not known or did not change.
  package func newLength(_ port: Port, _ axis: Int) -> Int? { kept(port, axis)?.count }

  /// The shape after the cut.
  package func newShape(_ port: Port) -> Shape? {
    let old: Shape? =
      switch port {
      case .input(let index): inputs.shape(index)
      case .output(let index): outputs[safe: index]?.shape
      }
    guard var shape = old else { return nil }
    for axis in shape.dimensions.indices {
      if let length = newLength(port, axis) { shape[axis] = .known(length) }
    }
    return shape
  }
}

/// A change to a node that shrinks with its operands.
package enum NodeEdit: Sendable {
  /// Sets an attribute.
  case attribute(String, AttributeValue)
  /// Removes an attribute.
  case removeAttribute(String)
  /// Replaces an input by a constant, or adds it; other readers of the old value keep that.
  case constant(input: Int, Tensor)
  /// Puts numbers in place of some elements of a one-dimensional integer operand that is computed
  /// when the model runs: lengths of axes that shrank.
  case lengths(Port, [Int: Int])
}
