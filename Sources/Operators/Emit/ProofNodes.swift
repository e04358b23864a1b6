package import IR

/// Nodes that proofs put into a copy of a model. They are built here so that only operators know
/// operators' names.
package enum ProofNodes {
  /// A node that selects `indices` along an axis of `data`.
  package static func select(
    _ indices: ValueID, of data: ValueID, axis: Int, into output: ValueID
  ) -> Node {
    Node(
      Gather.schema.op.type, inputs: [data, indices], outputs: [output],
      attributes: [Attribute("axis", .int(axis))])
  }

  /// A node that multiplies `data` by a mask of ones and zeros that broadcasts to it.
  package static func mask(_ data: ValueID, by mask: ValueID, into output: ValueID) -> Node {
    Node(Mul.schema.op.type, inputs: [data, mask], outputs: [output])
  }
}
