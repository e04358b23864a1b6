import IR

/// Nodes that say what an operator said in another version of the operator set.
enum VersionNodes {
  /// A node with one output.
  static func made(
    _ type: String, name: String?, _ inputs: [ValueID?], _ output: ValueID,
    _ attributes: [Attribute]
  ) -> Node {
    Node(type, name: name, inputs: inputs, outputs: [output], attributes: attributes)
  }
}
