import IR

extension GraphBuilder {
  /// The cotangent of a clamp between two numbers from that of its result.
  package func clipSlope(_ g: Term, _ y: Term, _ low: Double, _ high: Double) -> Term {
    func float(_ value: Double) -> Float {
      max(-Float.greatestFiniteMagnitude, min(Float.greatestFiniteMagnitude, Float(value)))
    }
    let clamp = Node(
      Clip.schema.op.type, inputs: [], outputs: [],
      attributes: [
        Attribute("min", .float(float(low))), Attribute("max", .float(float(high))),
      ])
    return inner(Inner.slope, [g, y], of: clamp, opset: 6).typed(as: y.type)
  }
}
