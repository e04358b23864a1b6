package import IR

/// Nodes that compute shapes. They are built here so that only operators know operators' names.
package enum ShapeNodes {
  /// A node that takes elements of `numbers` where `mask` is true and those of `data` elsewhere; nil
  /// where the opset has none.
  package static func overwrite(
    _ data: ValueID, with numbers: ValueID, where mask: ValueID, into output: ValueID, opset: Int
  ) -> Node? {
    guard Where.schema.opsets.contains(opset) else { return nil }
    return Node(Where.schema.op.type, inputs: [mask, numbers, data], outputs: [output])
  }
}
