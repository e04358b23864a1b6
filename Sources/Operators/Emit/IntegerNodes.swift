package import IR

/// A tensor of integers that stand for numbers.
package struct QuantizedValue: Hashable, Sendable {
  /// The integers.
  package let data: ValueID
  package let scale: ValueID
  /// Nil where zero stands for zero and the type follows from nothing else.
  package let zeroPoint: ValueID?

  package init(data: ValueID, scale: ValueID, zeroPoint: ValueID?) {
    self.data = data
    self.scale = scale
    self.zeroPoint = zeroPoint
  }
}

/// Nodes on quantized tensors, and what says that a tensor is one.
package enum IntegerNodes {
  /// What a node makes floats of; nil for nodes that do something else.
  package static func dequantized(_ node: Node) -> QuantizedValue? {
    guard node.op == DequantizeLinear.schema.op else { return nil }
    return operands(node, data: node.inputs[safe: 0] ?? nil)
  }

  /// What a node makes of floats; nil for nodes that do something else.
  package static func quantized(_ node: Node) -> QuantizedValue? {
    guard node.op == QuantizeLinear.schema.op else { return nil }
    return operands(node, data: node.outputs[safe: 0] ?? nil)
  }

  private static func operands(_ node: Node, data: ValueID?) -> QuantizedValue? {
    guard let data, let scale = node.inputs[safe: 1] ?? nil else { return nil }
    return QuantizedValue(data: data, scale: scale, zeroPoint: node.inputs[safe: 2] ?? nil)
  }

  /// The axis of a node's scales, where there is one for each index.
  package static func axis(_ node: Node) -> Int {
    if case .int(let axis)? = node.attribute("axis") { axis } else { 1 }
  }

  /// A node that computes on quantized tensors what another computes on floats.
  ///
  /// - Parameters:
  ///   - output: what it makes.
  ///   - result: how that stands for numbers; nil where it is numbers.
  package static func made(
    _ form: IntegerForm, like node: Node, _ operands: [QuantizedValue], bias: ValueID?,
    into output: ValueID, result: QuantizedValue?
  ) -> Node {
    let inputs: [ValueID?] = operands.flatMap { operand -> [ValueID?] in
      [operand.data, operand.scale, operand.zeroPoint]
    }
    let own: [ValueID?] = result.map { [$0.scale, $0.zeroPoint] } ?? []
    var all: [ValueID?]
    switch form.layout {
    case .resultLast: all = inputs + own
    case .resultFirst: all = own + inputs
    case .biasLast: all = inputs + own + [bias]
    case .biasBeforeResult: all = inputs + [bias] + own
    case .parametersBehind:
      all = operands.map(\.data) + operands.map(\.scale) + operands.map(\.zeroPoint)
    }
    while all.last == .some(nil) { all.removeLast() }
    let newest = Registry.opsets(of: form.op).last?.upperBound ?? 1
    let known = Registry.signature(of: form.op, opset: newest)?.attributes.map(\.name)
    var made = Node(
      form.op.type, domain: form.op.domain.isEmpty ? nil : form.op.domain, name: node.name,
      inputs: all, outputs: [output],
      attributes: node.attributes.filter { known?.contains($0.name) ?? true })
    for attribute in form.attributes { made.setAttribute(attribute.name, attribute.value) }
    return made
  }
}
