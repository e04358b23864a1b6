internal import Operators

/// Where the indices along one axis of an input land along one axis of an output.
struct TracedLink {
  let from: Axis
  let to: Axis
  /// Pairs of an index of `from` and an index of `to` that stand and fall together.
  let pairs: [(label: Int, index: Int)]
  /// Indices of `to` whose slices mix moved elements with created ones.
  let mixed: [Int]
  /// The number of independent runs of channels that this reading leaves.
  let classes: Int
}

/// What tracing says of one axis of one input for one output.
struct TracedAxis {
  let from: Axis
  let output: Int
  /// The output axes on which the indices may be read.
  var readings: [TracedLink]
  /// The indices of `from` that reach the output at all.
  var present: [Int]
  /// Where `from` has length 1 and cannot shrink: slices of the output that hold its elements while
  /// others of the same axis do not, such as its place in a Concat.
  var pinned: [(axis: Axis, indices: [Int])] = []
}
