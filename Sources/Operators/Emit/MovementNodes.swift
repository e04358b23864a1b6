package import IR

/// Nodes that only move elements. They are built here so that only operators know operators' names.
package enum MovementNodes {
  /// The first operator set in which these nodes have their numbers in inputs.
  package static let firstOpset = 10

  /// A node that gives the elements of `data` the lengths in `target`.
  package static func reshape(_ data: ValueID, _ target: ValueID, into output: ValueID) -> Node {
    Node(Reshape.schema.op.type, inputs: [data, target], outputs: [output])
  }

  /// A node that takes runs of `data` along axes.
  package static func slice(
    _ data: ValueID, starts: ValueID, ends: ValueID, axes: ValueID, into output: ValueID
  ) -> Node {
    Node(Slice.schema.op.type, inputs: [data, starts, ends, axes], outputs: [output])
  }

  /// Whether a node multiplies two values.
  package static func isProduct(_ node: Node) -> Bool { node.op == Mul.schema.op }
}
