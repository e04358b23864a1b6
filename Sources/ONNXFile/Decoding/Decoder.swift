internal import IR

/// From the bytes of a file to the graph representation.
///
/// The fields of each message are walked once; what the representation has no place for stays as
/// encoded, and so do payloads, as slices of the file. The bytes have passed `Framing.check`, which
/// bounds the depth of nesting and with it the recursion here.
struct Decoder {
  /// What payloads refer to.
  let source: MessageSource
  /// The files that tensors may refer to.
  let external: ExternalFiles
  /// What had to be put right.
  let notes = ReadingNotes()

  func model(_ message: UnsafeRawBufferPointer) throws(ModelError) -> Model {
    var graphs: [UnsafeRawBufferPointer] = []
    var functions: [UnsafeRawBufferPointer] = []
    var model = Model(graph: Graph(), irVersion: nil)
    model.opsetImports = []
    for field in WireFields(message) {
      switch field.number {
      case 1: model.irVersion = field.int
      case 2: model.producerName = text(field)
      case 3: model.producerVersion = text(field)
      case 4: model.domain = text(field)
      case 5: model.modelVersion = field.int
      case 6: model.docString = text(field)
      case 7: graphs.append(field.payload)
      case 8: model.opsetImports.append(opset(field))
      case 14: model.metadata.append(entry(field))
      case 25: functions.append(field.payload)
      default: model.extras.append(raw(field))
      }
    }
    guard let graph = source.merged(graphs) else {
      guard model.irVersion != nil || !model.opsetImports.isEmpty else {
        throw Framing.notEven(.model, message)
          ?? ModelError(.malformed, "expected an ONNX model, found a file of another kind")
      }
      throw ModelError(.malformed, "expected an ONNX model, found one without a graph")
    }
    let isOld = (model.irVersion ?? 0) < 4
    model.graph = try self.graph(graph, initializersAreConstant: isOld)
    for function in functions {
      model.functions.append(try self.function(function, initializersAreConstant: isOld))
    }
    model.readingNotes = notes.lines
    return model
  }

  private func function(
    _ message: UnsafeRawBufferPointer, initializersAreConstant: Bool
  ) throws(ModelError) -> Function {
    var function = Function(body: Graph())
    var (inputs, outputs): ([String], [String]) = ([], [])
    var (nodes, attributes): ([UnsafeRawBufferPointer], [UnsafeRawBufferPointer]) = ([], [])
    var infos: [WireField] = []
    for field in WireFields(message) {
      switch field.number {
      case 1: function.name = text(field)
      case 4: inputs.append(text(field))
      case 5: outputs.append(text(field))
      case 6: function.attributeNames.append(text(field))
      case 7: nodes.append(field.payload)
      case 8: function.docString = text(field)
      case 9: function.opsetImports.append(opset(field))
      case 10: function.domain = text(field)
      case 11: attributes.append(field.payload)
      case 12: infos.append(field)
      case 13: function.overload = text(field)
      case 14: function.metadata.append(entry(field))
      default: function.extras.append(raw(field))
      }
    }
    return try noting("function '\(function.name ?? "")'") { () throws(ModelError) in
      var builder = GraphBuilder()
      for name in inputs { try builder.addInput(name) { ValueInfo($0, type: nil) } }
      try addNodes(nodes, to: &builder, initializersAreConstant: initializersAreConstant)
      for name in outputs { try builder.addOutput(name) { ValueInfo($0, type: nil) } }
      addValueInfos(infos, to: &builder)
      // Declarations that the body cannot hold are fields of the function here.
      builder.update { graph in
        function.extras += graph.extras
        graph.extras = []
        graph.initializersAreConstant = initializersAreConstant
      }
      function.body = builder.graph
      for attribute in attributes {
        function.attributeDefaults.append(
          try self.attribute(attribute, initializersAreConstant: initializersAreConstant))
      }
      return function
    }
  }
}

// MARK: - What all messages share

extension Decoder {
  /// A text, which need not be UTF-8.
  func text(_ field: WireField) -> String { FileText.decode(field.payload) }

  /// A field that stays as encoded.
  func raw(_ field: WireField) -> RawField {
    RawField(number: field.number, bytes: source.storage(field.encoded))
  }

  /// A key and its value.
  func entry(_ field: WireField) -> MetadataEntry {
    var entry = MetadataEntry(key: nil, value: nil)
    for field in WireFields(field.payload) {
      switch field.number {
      case 1: entry.key = text(field)
      case 2: entry.value = text(field)
      default: entry.extras.append(raw(field))
      }
    }
    return entry
  }

  private func opset(_ field: WireField) -> OpsetImport {
    var opset = OpsetImport(domain: nil, version: nil)
    for field in WireFields(field.payload) {
      switch field.number {
      case 1: opset.domain = text(field)
      case 2: opset.version = field.int
      default: opset.extras.append(raw(field))
      }
    }
    return opset
  }
}
