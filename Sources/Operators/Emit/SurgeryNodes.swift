package import IR

/// Nodes that edits and encodings of a model insert. They are built here so that only operators know
/// operators' names.
package enum SurgeryNodes {
  /// A node that reorders the axes of `data`: output axis `i` is input axis `permutation[i]`.
  package static func transpose(
    _ data: ValueID, _ permutation: [Int], into output: ValueID, name: String
  ) -> Node {
    Node(
      Transpose.schema.op.type, name: name, inputs: [data], outputs: [output],
      attributes: [Attribute("perm", .ints(permutation))])
  }

  /// Attributes whose number says an element type.
  package static let typeAttributes: Set = ["to", "dtype", "output_dtype", "output_datatype"]

  /// A node that converts the elements of `data` to another type.
  package static func cast(
    _ data: ValueID, to type: ElementType, into output: ValueID, name: String
  ) -> Node {
    Node(
      Cast.schema.op.type, name: name, inputs: [data], outputs: [output],
      attributes: [Attribute("to", .int(Int(type.rawValue)))])
  }

  /// A node that multiplies two values that broadcast.
  package static func multiply(
    _ a: ValueID, _ b: ValueID, into output: ValueID, name: String
  ) -> Node {
    Node(Mul.schema.op.type, name: name, inputs: [a, b], outputs: [output])
  }

  /// A node that adds two values that broadcast.
  package static func add(
    _ a: ValueID, _ b: ValueID, into output: ValueID, name: String
  ) -> Node {
    Node(Add.schema.op.type, name: name, inputs: [a, b], outputs: [output])
  }

  /// A node that picks the slices of `data` at `indices` along an axis.
  package static func pick(
    _ indices: ValueID, of data: ValueID, axis: Int, into output: ValueID, name: String
  ) -> Node {
    var node = ShapeNodes.pick(indices, of: data, axis: axis, into: output)
    node.name = name
    return node
  }

  /// A node that hands on `data`.
  package static func identity(_ data: ValueID, into output: ValueID, name: String) -> Node {
    Node(Identity.schema.op.type, name: name, inputs: [data], outputs: [output])
  }

  /// A node that stands for another model until that is put in its place.
  package static func placeholder(_ inputs: [ValueID?], into outputs: [ValueID?]) -> Node {
    Node("Model", domain: "lapidary", inputs: inputs, outputs: outputs)
  }
}
