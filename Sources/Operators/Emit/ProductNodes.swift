package import IR

/// Products of matrices spelled in one way. They are built here so that only operators know operators'
/// names.
package enum ProductNodes {
  /// A product with a constant whose rows and columns are exchanged: its attributes when they are not;
  /// nil for other nodes.
  package static func straightened(_ node: Node) -> [Attribute]? {
    guard node.op == Gemm.schema.op, case .int(1)? = node.attribute("transB") else { return nil }
    return node.attributes.filter { $0.name != "transB" }
  }

  /// The input of such a product that is the constant.
  package static let right = 1

  /// A node that multiplies two stacks of matrices.
  package static func product(_ left: ValueID, _ right: ValueID, into output: ValueID) -> Node {
    Node(MatMul.schema.op.type, inputs: [left, right], outputs: [output])
  }
}
