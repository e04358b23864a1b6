package import IR
package import Kernels

/// A reduction of windows over the axes from 2 on of input 0, channel by channel.
package struct PoolForm: Sendable {
  package enum Kind: Sendable {
    /// The largest element.
    case maximum
    /// The average of the elements, and of the zeros in the padding where these count.
    case average(includesPadding: Bool)
  }

  package let kind: Kind
  /// The window; nil for one over all positions.
  package let window: SlidingWindow?

  package init(_ kind: Kind, window: SlidingWindow?) {
    self.kind = kind
    self.window = window
  }
}

extension SlidingWindow {
  /// The window of a pool, whose kernel is given, over input 0 of an evaluation.
  package func pooling(_ context: Evaluation) throws(ModelError) -> Window {
    let shape = try context.input(0).shape
    guard shape.count >= 2 else {
      throw context.mismatch(0, expected: "rank at least 3", found: "shape \(shape)")
    }
    let mismatch: Mismatch = { context.mismatch($0, expected: $1, found: $2) }
    let window = try window(input: Array(shape.dropFirst(2)), kernel: kernel ?? [], mismatch)
    try context.requireSpatialRank(window)
    return window
  }
}
