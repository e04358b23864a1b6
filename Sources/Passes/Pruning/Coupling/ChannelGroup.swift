/// Channels that the same weights make, and how many of them may go together.
struct ChannelGroup {
  /// A stable number, in the order of the weights in the graph.
  let index: Int
  /// All atoms, run by run.
  let atoms: [Int]
  /// Runs of `atoms` that must keep equal numbers: one run for most groups, one a block where a
  /// grouped convolution needs its blocks to stay equal. Atoms in ascending order of channels.
  let runs: [Range<Int>]
  /// For each run its block in every grouped operator that cuts it.
  let places: [[BlockPlace]]
  /// The producing roles, as positions in `Coupling.producers`.
  let producers: [Int]
  /// How many channels of each of them the group is.
  let shares: [Int]
  /// For each of `atoms` why it cannot go; nil when it can.
  let frozen: [ReasonNumber?]

  /// A block of an axis that consists of blocks.
  struct BlockPlace: Hashable {
    let constraint: Int
    let block: Int
  }

  /// The number of channels.
  var count: Int { atoms.count }
}
