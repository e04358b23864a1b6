package import IR

/// What becomes of an operator when channels of its operands go.
package protocol ChannelFacet {
  /// How removing an index of an operand's axis spreads to the other operands (pruning.md).
  /// No default, on purpose.
  func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule

  /// The edits that the node needs when operands shrink. None by default.
  func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit]
}

extension ChannelFacet {
  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] { [] }
}
