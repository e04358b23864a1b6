internal import IR
internal import Operators

/// A node whose weight, and perhaps a bias, can be adapted.
struct FitSite: Sendable {
  /// An input that holds one number a channel that is added, or that would hold it.
  struct Bias: Sendable {
    let node: NodeID
    let slot: Int
  }

  let node: NodeID
  /// How the node is linear in its weight.
  let form: LinearForm
  /// The activation, the result with the bias, and the axis of the result that carries channels.
  let input: ValueID
  let output: ValueID
  let axis: Int
  /// Where the bias is: with the node itself, or with an Add behind it.
  let bias: Bias
  /// Which of the original's channels are left; nil for all.
  let kept: [Int]?
  /// The lengths of the weight after pruning, and where its elements lie.
  let dimensions: [Int]
  let layout: WeightLayout

  /// The number of output channels that are left.
  var channels: Int { layout.outputs }
}
