package import IR

/// The second of two layers that a layer is divided into: it makes the layer's result of what the
/// first makes.
package enum FactorNodes {
  /// - Parameters:
  ///   - form: how the whole layer is linear.
  ///   - weight: [outputs, rank] with as many axes of length 1 as a kernel has for a convolution,
  ///     [rank, outputs] for a product.
  ///   - bias: one number an output; nil for none.
  package static func second(
    _ form: LinearForm, of node: Node, _ hidden: ValueID, weight: ValueID, bias: ValueID?,
    into output: ValueID
  ) -> Node {
    let type: String =
      switch form.kind {
      case .product where form.bias == nil: MatMul.schema.op.type
      case .product: Gemm.schema.op.type
      default: Conv.schema.op.type
      }
    return Node(
      type, name: node.name.map { "\($0)/factor" },
      inputs: [hidden, weight] + (bias.map { [$0] } ?? []),
      outputs: [output])
  }
}
