internal import IR

extension Decoder {
  func graph(
    _ message: UnsafeRawBufferPointer, initializersAreConstant: Bool
  ) throws(ModelError) -> Graph {
    var builder = GraphBuilder()
    var parts = GraphParts()
    builder.update { graph in
      for field in WireFields(message) {
        switch field.number {
        case 1: parts.nodes.append(field.payload)
        case 2: graph.name = text(field)
        case 5: parts.initializers.append(field.payload)
        case 10: graph.docString = text(field)
        case 11: parts.inputs.append(field)
        case 12: parts.outputs.append(field)
        case 13: parts.valueInfos.append(field)
        case 14: graph.quantizationAnnotations.append(annotation(field))
        case 15:
          parts.sparseInitializers.append(field.payload)
          graph.extras.append(raw(field))
        case 16: graph.metadata.append(entry(field))
        default: graph.extras.append(raw(field))
        }
      }
    }
    for (index, part) in parts.initializers.enumerated() {
      let name = self.name(part, field: TensorField.name)
      try noting(name.isEmpty ? "initializer \(index)" : "initializer '\(name)'") {
        () throws(ModelError) in
        guard !name.isEmpty else { throw ModelError(.invalid, "expected a name, found none") }
        try builder.addInitializer(name, try self.tensor(part))
      }
    }
    for sparse in parts.sparseInitializers {
      let name = WireFields(sparse).filter { $0.number == 1 }
        .map { self.name($0.payload, field: TensorField.name) }.last { !$0.isEmpty }
      guard let name else { continue }
      let id = builder.value(name)
      let sparse = try sparseTensor(sparse)
      builder.update {
        $0.sparseInitializers.append(id)
        $0.sparseValues[id] = sparse
      }
    }
    for input in parts.inputs {
      try builder.addInput(name(input.payload, field: 1)) { valueInfo(input, $0) }
    }
    // Only now: with it, the graph would declare initializers as inputs by itself.
    builder.update { $0.initializersAreConstant = initializersAreConstant }
    try addNodes(parts.nodes, to: &builder, initializersAreConstant: initializersAreConstant)
    for output in parts.outputs {
      try builder.addOutput(name(output.payload, field: 1)) { valueInfo(output, $0) }
    }
    addValueInfos(parts.valueInfos, to: &builder)
    return builder.graph
  }

  /// The fields of a graph that its values come from, which exist in this order whatever the
  /// order in the file.
  private struct GraphParts {
    var initializers: [UnsafeRawBufferPointer] = []
    var sparseInitializers: [UnsafeRawBufferPointer] = []
    var inputs: [WireField] = []
    var nodes: [UnsafeRawBufferPointer] = []
    var outputs: [WireField] = []
    var valueInfos: [WireField] = []
  }

  /// The last text in a field of a message; empty when there is none.
  private func name(_ message: UnsafeRawBufferPointer, field number: Int) -> String {
    var name = ""
    for field in WireFields(message) where field.number == number { name = text(field) }
    return name
  }

  func addNodes(
    _ parts: [UnsafeRawBufferPointer], to builder: inout GraphBuilder,
    initializersAreConstant: Bool
  ) throws(ModelError) {
    var nodes: [Node] = []
    nodes.reserveCapacity(parts.count)
    for part in parts {
      nodes.append(try node(part, in: &builder, initializersAreConstant: initializersAreConstant))
    }
    let graph = builder.graph
    let sorted = NodeOrder.sorted(nodes) { node in
      node.subgraphs.flatMap(\.freeNames).compactMap { graph.value(named: $0) }
    }
    if sorted != nil {
      notes.add(
        "nodes of \(graph.name.map { "graph '\($0)'" } ?? "a graph") stood before others whose"
          + " results they read; they were put in order")
    }
    for node in sorted ?? nodes { try builder.add(node) }
  }

  private func node(
    _ message: UnsafeRawBufferPointer, in builder: inout GraphBuilder,
    initializersAreConstant: Bool
  ) throws(ModelError) -> Node {
    var (inputs, outputs): ([ValueID?], [ValueID?]) = ([], [])
    var attributes: [UnsafeRawBufferPointer] = []
    var node = Node("", inputs: [], outputs: [])
    for field in WireFields(message) {
      switch field.number {
      case 1: inputs.append(field.payload.isEmpty ? nil : builder.value(text(field)))
      case 2: outputs.append(field.payload.isEmpty ? nil : builder.value(text(field)))
      case 3: node.name = text(field)
      case 4:
        node.type = text(field)
        // The representation knows no difference between an empty text and none.
        if node.type.isEmpty { node.extras.append(raw(field)) }
      case 5: attributes.append(field.payload)
      case 6: node.docString = text(field)
      case 7: node.domain = text(field)
      case 8: node.overload = text(field)
      case 9: node.metadata.append(entry(field))
      default: node.extras.append(raw(field))
      }
    }
    var result = Node(
      node.type, domain: node.domain, name: node.name, inputs: inputs, outputs: outputs)
    result.overload = node.overload
    result.docString = node.docString
    result.metadata = node.metadata
    result.extras = node.extras
    result.attributes.reserveCapacity(attributes.count)
    for attribute in attributes {
      do {
        result.attributes.append(
          try self.attribute(attribute, initializersAreConstant: initializersAreConstant))
      } catch {
        let name = self.name(attribute, field: 1)
        throw error.noting("\(builder.label(result)), attribute '\(name)'")
      }
    }
    return result
  }

  /// Adds declared types. Those without a name stay fields of the graph.
  func addValueInfos(_ fields: [WireField], to builder: inout GraphBuilder) {
    for field in fields {
      let name = self.name(field.payload, field: 1)
      guard !name.isEmpty else {
        builder.update { $0.extras.append(raw(field)) }
        continue
      }
      let id = builder.value(name)
      let info = valueInfo(field, id)
      builder.update { graph in
        graph.valueInfos.append(info)
        if graph[id].type == nil { graph.setType(id, info.type) }
      }
    }
  }

  private func valueInfo(_ field: WireField, _ id: ValueID) -> ValueInfo {
    var info = ValueInfo(id, type: nil)
    var types: [UnsafeRawBufferPointer] = []
    for field in WireFields(field.payload) {
      switch field.number {
      case 1: break
      case 2: types.append(field.payload)
      case 3: info.docString = text(field)
      case 4: info.metadata.append(entry(field))
      default: info.extras.append(raw(field))
      }
    }
    if let encoded = source.merged(types) {
      info.type = type(encoded)
      info.encodedType = ValueInfo.EncodedType(type: info.type, bytes: [UInt8](encoded))
    }
    return info
  }

  private func annotation(_ field: WireField) -> QuantizationAnnotation {
    var annotation = QuantizationAnnotation(tensorName: nil, parameters: [])
    for field in WireFields(field.payload) {
      switch field.number {
      case 1: annotation.tensorName = text(field)
      case 2: annotation.parameters.append(entry(field))
      default: annotation.extras.append(raw(field))
      }
    }
    return annotation
  }
}
