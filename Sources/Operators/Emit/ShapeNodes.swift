package import IR

/// Nodes that compute shapes or pick slices for cut models. They are built here so that only operators know operators' names.
package enum ShapeNodes {
  /// A node that takes elements of `numbers` where `mask` is true and those of `data` elsewhere; nil
  /// where the opset has none.
  package static func overwrite(
    _ data: ValueID, with numbers: ValueID, where mask: ValueID, into output: ValueID, opset: Int
  ) -> Node? {
    guard Where.schema.opsets.contains(opset) else { return nil }
    return Node(Where.schema.op.type, inputs: [mask, numbers, data], outputs: [output])
  }

  /// A node that picks the slices of `data` at `indices` along an axis.
  package static func pick(
    _ indices: ValueID, of data: ValueID, axis: Int, into output: ValueID
  ) -> Node {
    Node(
      Gather.schema.op.type, inputs: [data, indices], outputs: [output],
      attributes: [Attribute("axis", .int(axis))])
  }

  /// A node that gives the lengths of `data`.
  package static func lengths(of data: ValueID, into output: ValueID) -> Node {
    Node(ShapeOf.schema.op.type, inputs: [data], outputs: [output])
  }

  /// A node that puts lists behind one another.
  package static func list(_ parts: [ValueID], into output: ValueID) -> Node {
    Node(
      Concat.schema.op.type, inputs: parts, outputs: [output],
      attributes: [Attribute("axis", .int(0))])
  }
}
