package import IR

/// Nodes that quantization inserts. They are built here so that only operators know operators'
/// names.
package enum QuantizationNodes {
  /// A node that quantizes `data` with one scale and zero-point.
  package static func quantize(
    _ data: ValueID, scale: ValueID, zeroPoint: ValueID, into output: ValueID, name: String
  ) -> Node {
    Node(
      QuantizeLinear.schema.op.type, name: name, inputs: [data, scale, zeroPoint],
      outputs: [output])
  }

  /// A node that dequantizes `data`, per channel along `axis` when one is given.
  package static func dequantize(
    _ data: ValueID, scale: ValueID, zeroPoint: ValueID, axis: Int?, into output: ValueID,
    name: String
  ) -> Node {
    Node(
      DequantizeLinear.schema.op.type, name: name, inputs: [data, scale, zeroPoint],
      outputs: [output], attributes: axis.map { [Attribute("axis", .int($0))] } ?? [])
  }

  /// The first version of ONNX's operator set that quantizes per tensor.
  package static let perTensorOpset = 10
  /// The first version of ONNX's operator set that quantizes per channel.
  package static let perChannelOpset = 13
  /// The operator set from which on integers may have 16 bits.
  package static let wideOpset = 21
  /// The operator set from which on integers may have 4 bits.
  package static let packedOpset = 21
}
