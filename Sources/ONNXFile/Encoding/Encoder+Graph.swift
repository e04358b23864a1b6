internal import IR

extension Encoder {
  mutating func graph(_ graph: Graph) -> WireWriter {
    var out = WireWriter(extras: graph.extras)
    for id in graph.nodeIDs { out.message(1, node(graph[id], in: graph)) }
    out.text(2, graph.name)
    for id in graph.initializers {
      guard let tensor = graph[id].initializer else { continue }
      out.message(5, self.tensor(tensor, name: graph[id].name, mayBeExternal: true))
    }
    out.text(10, graph.docString)
    for info in graph.inputs { out.message(11, valueInfo(info, in: graph)) }
    for info in graph.outputs { out.message(12, valueInfo(info, in: graph)) }
    for info in graph.valueInfos { out.message(13, valueInfo(info, in: graph)) }
    for annotation in graph.quantizationAnnotations {
      out.message(14, self.annotation(annotation))
    }
    for entry in graph.metadata { out.message(16, self.entry(entry)) }
    out.close()
    return out
  }

  mutating func node(_ node: Node, in graph: Graph) -> WireWriter {
    var out = WireWriter(extras: node.extras)
    for input in node.inputs { out.text(1, input.map { graph[$0].name } ?? "") }
    for output in node.outputs { out.text(2, output.map { graph[$0].name } ?? "") }
    out.text(3, node.name)
    if !node.type.isEmpty { out.text(4, node.type) }
    for attribute in node.attributes { out.message(5, self.attribute(attribute)) }
    out.text(6, node.docString)
    out.text(7, node.domain)
    out.text(8, node.overload)
    for entry in node.metadata { out.message(9, self.entry(entry)) }
    out.close()
    return out
  }

  mutating func attribute(_ attribute: Attribute) -> WireWriter {
    var out = WireWriter(extras: attribute.extras)
    /// Whether the file left out this field, which is still zero.
    func isLeftOut(_ number: Int, unless isSet: Bool) -> Bool {
      !isSet && attribute.extras.contains { $0.number == number && $0.bytes.count == 0 }
    }
    if !attribute.name.isEmpty { out.text(1, attribute.name) }
    switch attribute.value {
    case .float(let value):
      if !isLeftOut(AttributeField.float, unless: value.bitPattern != 0) {
        out.float(AttributeField.float, value)
      }
    case .int(let value):
      if !isLeftOut(AttributeField.int, unless: value != 0) {
        out.integer(AttributeField.int, value)
      }
    case .string(let value):
      if !isLeftOut(AttributeField.string, unless: !value.isEmpty) {
        out.bytes(AttributeField.string, value)
      }
    case .tensor(let value):
      out.message(
        AttributeField.tensor, tensor(value, name: value.name, mayBeExternal: true))
    case .graph(let value): out.message(AttributeField.graph, graph(value))
    case .floats(let values):
      if attribute.isPacked, !values.isEmpty {
        out.payload(AttributeField.floats, Storage(values))
      } else {
        for value in values { out.float(AttributeField.floats, value) }
      }
    case .ints(let values):
      if attribute.isPacked, !values.isEmpty {
        out.bytes(
          AttributeField.ints, TypedData.varints(Storage(values), .int64, count: values.count))
      } else {
        for value in values { out.integer(AttributeField.ints, value) }
      }
    case .strings(let values): for value in values { out.bytes(AttributeField.strings, value) }
    case .tensors(let values):
      for value in values {
        out.message(
          AttributeField.tensors, tensor(value, name: value.name, mayBeExternal: false))
      }
    case .graphs(let values):
      for value in values { out.message(AttributeField.graphs, graph(value)) }
    case .reference, .opaque: break
    }
    out.text(13, attribute.docString)
    out.integer(20, attribute.kind.map { Int($0) })
    if case .reference(let name) = attribute.value { out.text(AttributeField.reference, name) }
    out.close()
    return out
  }

  func valueInfo(_ info: ValueInfo, in graph: Graph) -> WireWriter {
    var out = WireWriter(extras: info.extras)
    out.text(1, graph[info.value].name)
    if let encoded = info.encodedType, encoded.type == info.type {
      out.bytes(2, encoded.bytes)
    } else if let type = info.type {
      out.message(2, self.type(type))
    }
    out.text(3, info.docString)
    for entry in info.metadata { out.message(4, self.entry(entry)) }
    out.close()
    return out
  }

  private func annotation(_ annotation: QuantizationAnnotation) -> WireWriter {
    var out = WireWriter(extras: annotation.extras)
    out.text(1, annotation.tensorName)
    for entry in annotation.parameters { out.message(2, self.entry(entry)) }
    out.close()
    return out
  }
}
