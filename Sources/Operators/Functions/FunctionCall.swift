package import IR

/// A call of a function that the model defines
/// (https://onnx.ai/onnx/repo-docs/IR.html#functions).
package struct FunctionCall: ValueOperator {
  // Not in the registry: its name and arity are those of the function.
  package static let schema = Schema("", inputs: 0...Int.max, outputs: 0...Int.max)

  package let bodies: [Body]
  private let name: String

  /// Puts the node's attributes, or their defaults, in the places where the body refers to them.
  package init(_ node: NodeView, _ function: Function) throws(ModelError) {
    name = "\(function.op)"
    let body = function.body
    guard node.inputs.count <= body.inputs.count, node.outputs.count <= body.outputs.count else {
      throw ModelError(
        .invalid,
        "\(node.label): expected at most \(body.inputs.count) inputs and \(body.outputs.count)"
          + " outputs, as the function has, found \(node.inputs.count) and \(node.outputs.count)")
    }
    var values: [String: AttributeValue] = [:]
    for attribute in function.attributeDefaults + node.attributes {
      values[attribute.name] = attribute.value
    }
    var graph = body
    graph.bindReferences(values)
    for (index, info) in body.inputs.enumerated() where !(node.inputs[safe: index] ?? false) {
      graph.leaveOut(body[info.value].name)
    }
    bodies = [Body(function, graph: graph)]
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    throw ModelError(.unsupported, "\(node.label): expected a function of the model, found none")
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard let inference = inputs.bodies else {
      return bodies[0].graph.outputs.map { _ in Inferred(.unknown) }
    }
    return try inference.infer(0, inputs.operands).map { Inferred($0) }
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    try call.run(0, call.inputs)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("computed by the function '\(name)'")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "a function of the model, '\(name)', computes it")
  }
}

extension Graph {
  /// Gives attributes that refer to the function's attributes their values, in subgraphs too. Those
  /// without a value go.
  fileprivate mutating func bindReferences(_ values: [String: AttributeValue]) {
    for id in nodeIDs where self[id].attributes.contains(where: \.value.mayRefer) {
      var node = self[id]
      node.attributes = node.attributes.compactMap { attribute in
        var attribute = attribute
        switch attribute.value {
        case .reference(let name):
          guard let value = values[name] else { return nil }
          attribute.value = value
        case .graph(var graph):
          graph.bindReferences(values)
          attribute.value = .graph(graph)
        case .graphs(let graphs):
          attribute.value = .graphs(
            graphs.map { graph in
              var graph = graph
              graph.bindReferences(values)
              return graph
            })
        default: break
        }
        return attribute
      }
      self[id] = node
    }
  }

  /// Makes nodes that read the value called `name` do without it, in subgraphs too.
  fileprivate mutating func leaveOut(_ name: String) {
    guard let id = value(named: name) else { return }
    for use in self[id].uses {
      switch use {
      case .input(let node, let slot): setInput(node, slot: slot, to: nil)
      case .capture(let holder):
        var node = self[holder]
        for index in node.attributes.indices {
          guard case .graph(var graph) = node.attributes[index].value else { continue }
          graph.leaveOut(name)
          node.attributes[index].value = .graph(graph)
        }
        self[holder] = node
      case .output: break
      }
    }
  }
}

extension AttributeValue {
  /// Whether the value refers to an attribute of the function, or holds graphs that may.
  fileprivate var mayRefer: Bool {
    switch self {
    case .reference, .graph, .graphs: true
    default: false
    }
  }
}

extension FunctionCall {
  /// The nodes of its body.
  package var gradient: Gradient {
    .spelledOut { [body = bodies[0]] call throws(ModelError) in
      if let version = body.opsets.version(of: ""), version != call.builder.opset {
        throw ModelError(
          .unsupported,
          "its function uses version \(version) of the operator set, the model \(call.builder.opset)"
        )
      }
      for set in body.opsets where set.domain ?? "" != "" {
        call.builder.need(set.domain ?? "", set.version)
      }
      let made = try call.builder.splice(body.graph, operands: call.node.inputs)
      return made.map { Term(call.builder, $0, .unknown) }
    }
  }
}
