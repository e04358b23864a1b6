package import IR

/// Makes nodes. What the project puts into models comes from here, so that no node is made of a text
/// whose meaning nobody has looked up.
package enum Emit {
  /// A node that is not in a graph yet, and what inference says of its results.
  package struct Draft: Sendable {
    package let type: String
    package let domain: String?
    package let attributes: [Attribute]
    package let results: [Inferred]
  }

  /// Drafts a node whose first result, of one or several, is looked at.
  ///
  /// - Parameters:
  ///   - domain: another than ONNX's own.
  ///   - opset: the version of the operator set that the graph imports.
  ///   - inputs: what is known of the operands.
  /// - Throws: `ModelError` where the operator set has no such operator, and where that refuses its
  ///   attributes or its operands.
  package static func draft(
    _ type: String, domain: String? = nil, opset: Int, inputs: Inputs, attributes: [Attribute],
    results count: Int = 1
  ) throws(ModelError) -> Draft {
    let view = NodeView(
      label: inputs.label, attributes: attributes,
      inputs: (0..<inputs.count).map { inputs.has($0) },
      outputs: [Bool](repeating: true, count: count))
    guard
      let op = try Registry.make(
        OperatorName(type, domain: domain ?? ""), opset: opset, view)
    else {
      throw ModelError(
        .unsupported,
        "\(inputs.label): expected an operator of opset \(opset), found '\(type)'")
    }
    return Draft(type: type, domain: domain, attributes: attributes, results: try op.infer(inputs))
  }

  /// The node of a draft.
  package static func node(
    _ draft: Draft, name: String?, inputs: [ValueID?], output: ValueID
  ) -> Node {
    Node(
      draft.type, domain: draft.domain, name: name, inputs: inputs, outputs: [output],
      attributes: draft.attributes)
  }

  /// A node that hands a value on under another name.
  package static func identity(_ source: ValueID, into output: ValueID) -> Node {
    Node(Identity.schema.op.type, inputs: [source], outputs: [output])
  }

  /// A node that holds a constant.
  package static func constant(_ tensor: Tensor, into output: ValueID) -> Node {
    Node(
      Constant.schema.op.type, inputs: [], outputs: [output],
      attributes: [Attribute("value", .tensor(tensor))])
  }

  /// A copy of a node of a body, in the graph that takes the body in.
  ///
  /// - Parameters:
  ///   - inputs: what its operands are there.
  ///   - outputs: what its results are there.
  ///   - prefix: what goes in front of its name.
  package static func copy(
    _ node: Node, inputs: [ValueID?], outputs: [ValueID?], prefix: String
  ) -> Node {
    var copy = node.relocated(inputs: inputs, outputs: outputs)
    if !prefix.isEmpty, let name = copy.name { copy.name = prefix + name }
    return copy
  }
}

extension TensorType {
  /// Whether a value of either type can be one of the other: nothing that is known of both differs.
  package func agrees(with other: TensorType) -> Bool {
    let types = [elementType, other.elementType]
    guard types[0] == types[1] || types.contains(.undefined) else { return false }
    guard let a = shape, let b = other.shape else { return true }
    return a.rank == b.rank
      && zip(a.dimensions, b.dimensions).allSatisfy { first, second in
        guard let a = first.value, let b = second.value else { return true }
        return a == b
      }
  }
}
