internal import IR

/// From the graph representation to the bytes of a file.
struct Encoder {
  /// The file that takes large initializers, nil when they stay in the model.
  var external: ExternalLayout?

  mutating func model(_ model: Model) -> WireWriter {
    var out = WireWriter(extras: model.extras)
    out.integer(1, model.irVersion)
    out.text(2, model.producerName)
    out.text(3, model.producerVersion)
    out.text(4, model.domain)
    out.integer(5, model.modelVersion)
    out.text(6, model.docString)
    out.message(7, graph(model.graph))
    for opset in model.opsetImports { out.message(8, self.opset(opset)) }
    for entry in model.metadata { out.message(14, self.entry(entry)) }
    for function in model.functions { out.message(25, self.function(function)) }
    out.close()
    return out
  }

  private mutating func function(_ function: Function) -> WireWriter {
    let body = function.body
    var out = WireWriter(extras: function.extras)
    out.text(1, function.name)
    for input in body.inputs { out.text(4, body[input.value].name) }
    for output in body.outputs { out.text(5, body[output.value].name) }
    for name in function.attributeNames { out.text(6, name) }
    for id in body.nodeIDs { out.message(7, node(body[id], in: body)) }
    out.text(8, function.docString)
    for opset in function.opsetImports { out.message(9, self.opset(opset)) }
    out.text(10, function.domain)
    for attribute in function.attributeDefaults { out.message(11, self.attribute(attribute)) }
    for info in body.valueInfos { out.message(12, valueInfo(info, in: body)) }
    out.text(13, function.overload)
    for entry in function.metadata { out.message(14, self.entry(entry)) }
    out.close()
    return out
  }

  func opset(_ opset: OpsetImport) -> WireWriter {
    var out = WireWriter(extras: opset.extras)
    out.text(1, opset.domain)
    out.integer(2, opset.version)
    out.close()
    return out
  }

  func entry(_ entry: MetadataEntry) -> WireWriter {
    var out = WireWriter(extras: entry.extras)
    out.text(1, entry.key)
    out.text(2, entry.value)
    out.close()
    return out
  }
}
