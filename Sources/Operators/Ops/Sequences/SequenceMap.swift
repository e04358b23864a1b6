package import IR

/// A graph run for each element of sequences; the results make sequences again
/// (https://onnx.ai/onnx/operators/onnx__SequenceMap.html).
package struct SequenceMap: ContainerOperator {
  package static let schema = Schema(
    "SequenceMap", opsets: 17...28,
    signature: """
      17: (S, V~?) -> S~; <body: graph!>; S: seq(all); V: all seq(all)
      """)
  package let bodies: [Body]

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let body = try node.body("body")
    try body.require(
      inputs: node.inputs.count...node.inputs.count,
      outputs: node.outputs.count...node.outputs.count, node.label)
    bodies = [body]
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard let inference = inputs.bodies else {
      return bodies[0].graph.outputs.map { _ in Inferred(value: .sequence(nil)) }
    }
    _ = try inputs.elementType(ofSequence: 0)
    let arguments = inputs.operands.map { operand -> Operand? in
      guard case .sequence(let type)? = operand?.valueType else { return operand }
      return Operand(name: operand?.name ?? "", valueType: type)
    }
    return try inference.infer(0, arguments).map { Inferred(value: .sequence($0.valueType)) }
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let first = try call.sequence(0).elements
    var columns: [[Datum]] = Array(repeating: [], count: bodies[0].graph.outputs.count)
    for place in first.indices {
      let arguments = try call.inputs.indices.map { (index) throws(ModelError) -> Datum? in
        guard case .sequence(let elements, _)? = call.optional(index) else {
          return call.optional(index)
        }
        guard elements.count == first.count else {
          throw call.mismatch(index, expected: "a sequence of \(first.count)")
        }
        return elements[place]
      }
      for (index, value) in try call.run(0, arguments).enumerated() {
        columns[index].append(value)
      }
    }
    return columns.enumerated().map { index, values in
      let declared = bodies[0].graph.outputs[index].type
      return .sequence(values, of: declared)
    }
  }
}
