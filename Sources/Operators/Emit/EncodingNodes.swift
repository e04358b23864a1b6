package import IR

/// Nodes of models whose weights are stored, or whose products are computed, in few bits. They are
/// built here so that only operators know operators' names.
package enum EncodingNodes {
  /// A node like another over other values.
  package static func like(
    _ node: Node, inputs: [ValueID?], outputs: [ValueID?], name: String
  ) -> Node {
    Node(
      node.type, domain: node.domain, name: name, inputs: inputs, outputs: outputs,
      attributes: node.attributes)
  }

  /// A node that gives stored integers as floats: a scale for each index of an axis, or for each
  /// `block` elements along it.
  package static func dequantize(
    _ data: ValueID, scale: ValueID, zeroPoint: ValueID?, axis: Int, block: Int? = nil,
    into output: ValueID, name: String
  ) -> Node {
    Node(
      DequantizeLinear.schema.op.type, name: name,
      inputs: [data, scale] + (zeroPoint.map { [$0] } ?? []), outputs: [output],
      attributes: [Attribute("axis", .int(axis))]
        + (block.map { [Attribute("block_size", .int($0))] } ?? []))
  }

  /// A node that quantizes to uint8 over the range that it finds: the integers, scale and zero-point.
  package static func quantizeOnTheWay(
    _ data: ValueID, into outputs: [ValueID], name: String
  ) -> Node {
    Node(
      DynamicQuantizeLinear.schema.op.type, name: name, inputs: [data], outputs: outputs)
  }

  /// A product of a quantized activation and integers.
  package static func integerProduct(
    _ data: ValueID, _ weight: ValueID, zeroPoint: ValueID, into output: ValueID, name: String
  ) -> Node {
    Node(
      MatMulInteger.schema.op.type, name: name, inputs: [data, weight, zeroPoint],
      outputs: [output])
  }

  /// A convolution of a quantized activation and integers, with the window of another node.
  package static func integerConvolution(
    _ data: ValueID, _ weight: ValueID, zeroPoint: ValueID, like node: Node,
    into output: ValueID, name: String
  ) -> Node {
    Node(
      ConvInteger.schema.op.type, name: name, inputs: [data, weight, zeroPoint],
      outputs: [output], attributes: node.attributes)
  }

  /// Whether a node only converts to another element type.
  package static func isCast(_ node: Node) -> Bool { node.op == Cast.schema.op }

  /// A node that subtracts elements.
  package static func subtract(
    _ a: ValueID, _ b: ValueID, into output: ValueID, name: String
  ) -> Node {
    Node(Sub.schema.op.type, name: name, inputs: [a, b], outputs: [output])
  }

  /// ONNX Runtime's product with a weight of few bits in blocks along K.
  package static func blockedProduct(
    _ data: ValueID, _ weight: ValueID, scales: ValueID, zeroPoints: ValueID?, bias: ValueID?,
    _ layout: BlockedProduct, into output: ValueID, name: String
  ) -> Node {
    var inputs: [ValueID?] = [data, weight, scales, zeroPoints, nil, bias]
    while inputs.last == .some(nil) { inputs.removeLast() }
    let op = Microsoft.MatMulNBits.schema.op
    return Node(
      op.type, domain: op.domain, name: name, inputs: inputs, outputs: [output],
      attributes: [
        Attribute("K", .int(layout.rows)), Attribute("N", .int(layout.columns)),
        Attribute("bits", .int(layout.bits)), Attribute("block_size", .int(layout.block)),
      ])
  }

  /// ONNX Runtime's long short-term memory on integers, with the options of another's node.
  package static func quantizedMemory(_ node: Node, inputs: [ValueID?]) -> Node {
    let op = Microsoft.DynamicQuantizeLSTM.schema.op
    return Node(
      op.type, domain: op.domain, name: node.name, inputs: inputs, outputs: node.outputs,
      attributes: node.attributes.filter { $0.name != "layout" })
  }

  /// The lengths of a product with a weight in blocks.
  package struct BlockedProduct: Sendable {
    package let rows: Int
    package let columns: Int
    package let bits: Int
    package let block: Int

    package init(rows: Int, columns: Int, bits: Int, block: Int) {
      self.rows = rows
      self.columns = columns
      self.bits = bits
      self.block = block
    }
  }
}

/// What nodes that encodings insert need of the operator sets.
package enum EncodingOpsets {
  /// Weights in blocks, and of 4 bits.
  package static let blocks = 21
  /// Quantization on the way.
  package static let dynamic = 11
  /// ONNX Runtime's own operators.
  package static let microsoft = OpsetImport(domain: Microsoft.domain, version: 1)
}
