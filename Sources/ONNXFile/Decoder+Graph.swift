internal import COnnx
internal import IR

extension Decoder {
  /// Decodes a graph, subgraphs included. What it reads from an enclosing graph becomes values
  /// without a producer.
  func graph(
    _ proto: UnsafePointer<Onnx__GraphProto>, initializersAreConstant: Bool
  ) throws(ModelError) -> Graph {
    let message = proto.pointee
    var builder = GraphBuilder()
    builder.update {
      $0.name = text(message.name)
      $0.docString = text(message.doc_string)
      $0.metadata = entries(message.metadata_props, message.n_metadata_props)
    }
    for (index, tensor) in list(message.initializer, message.n_initializer).enumerated() {
      let name = text(tensor.pointee.name) ?? ""
      try noting(name.isEmpty ? "initializer \(index)" : "initializer '\(name)'") {
        () throws(ModelError) in
        guard !name.isEmpty else { throw ModelError(.invalid, "expected a name, found none") }
        try builder.addInitializer(name, try self.tensor(tensor))
      }
    }
    for sparse in list(message.sparse_initializer, message.n_sparse_initializer) {
      guard let name = text(sparse.pointee.values?.pointee.name), !name.isEmpty else { continue }
      let id = builder.value(name)
      let sparse = try self.sparseTensor(sparse)
      builder.update {
        $0.sparseInitializers.append(id)
        $0.sparseValues[id] = sparse
      }
    }
    for input in list(message.input, message.n_input) {
      try builder.addInput(text(input.pointee.name) ?? "") { valueInfo(input, $0) }
    }
    // Only now: with it, the graph would declare initializers as inputs by itself.
    builder.update { $0.initializersAreConstant = initializersAreConstant }
    try addNodes(
      message.node, message.n_node, to: &builder, initializersAreConstant: initializersAreConstant)
    for output in list(message.output, message.n_output) {
      try builder.addOutput(text(output.pointee.name) ?? "") { valueInfo(output, $0) }
    }
    addValueInfos(message.value_info, message.n_value_info, to: &builder, fieldNumber: 13)
    let annotations = list(message.quantization_annotation, message.n_quantization_annotation)
    builder.update { graph in
      graph.quantizationAnnotations = annotations.map { proto in
        QuantizationAnnotation(
          tensorName: text(proto.pointee.tensor_name),
          parameters: entries(
            proto.pointee.quant_parameter_tensor_names,
            proto.pointee.n_quant_parameter_tensor_names),
          extras: extras(proto, decoded: [1, 2]))
      }
      graph.extras += extras(proto, decoded: [1, 2, 5, 10, 11, 12, 13, 14, 16])
    }
    return builder.graph
  }

  func addNodes(
    _ items: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__NodeProto>?>?, _ count: Int,
    to builder: inout GraphBuilder, initializersAreConstant: Bool
  ) throws(ModelError) {
    for proto in list(items, count) {
      try builder.add(
        try node(proto, in: &builder, initializersAreConstant: initializersAreConstant))
    }
  }

  private func node(
    _ proto: UnsafePointer<Onnx__NodeProto>, in builder: inout GraphBuilder,
    initializersAreConstant: Bool
  ) throws(ModelError) -> Node {
    let message = proto.pointee
    func values(
      _ names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int
    ) -> [ValueID?] {
      guard let names else { return [] }
      return (0..<count).map { index in
        text(names[index]).flatMap { $0.isEmpty ? nil : builder.value($0) }
      }
    }
    var node = Node(
      text(message.op_type) ?? "", domain: text(message.domain), name: text(message.name),
      inputs: values(message.input, message.n_input),
      outputs: values(message.output, message.n_output))
    node.attributes.reserveCapacity(message.n_attribute)
    for attribute in list(message.attribute, message.n_attribute) {
      do {
        node.attributes.append(
          try self.attribute(attribute, initializersAreConstant: initializersAreConstant))
      } catch {
        let name = text(attribute.pointee.name) ?? ""
        throw error.noting("\(builder.label(node)), attribute '\(name)'")
      }
    }
    node.overload = text(message.overload)
    node.docString = text(message.doc_string)
    node.metadata = entries(message.metadata_props, message.n_metadata_props)
    let decoded: FieldNumbers = [1, 2, 3, 5, 6, 7, 8, 9]
    node.extras = extras(proto, decoded: decoded.unlessEmptyText(4, node.type))
    return node
  }

  /// Adds declared types. Those without a name stay fields of number `fieldNumber` in the graph.
  func addValueInfos(
    _ items: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__ValueInfoProto>?>?, _ count: Int,
    to builder: inout GraphBuilder, fieldNumber: Int
  ) {
    for proto in list(items, count) {
      guard let name = text(proto.pointee.name), !name.isEmpty else {
        let field = RawField(number: fieldNumber, message: pack(proto))
        builder.update { $0.extras.append(field) }
        continue
      }
      let id = builder.value(name)
      let info = valueInfo(proto, id)
      builder.update { graph in
        graph.valueInfos.append(info)
        if graph[id].type == nil { graph.setType(id, info.type) }
      }
    }
  }

  private func valueInfo(_ proto: UnsafePointer<Onnx__ValueInfoProto>, _ id: ValueID) -> ValueInfo {
    let message = proto.pointee
    let type = message.type.flatMap { self.type($0) }
    var info = ValueInfo(id, type: type)
    if let encoded = message.type {
      info.encodedType = ValueInfo.EncodedType(type: type, bytes: pack(UnsafePointer(encoded)))
    }
    info.docString = text(message.doc_string)
    info.metadata = entries(message.metadata_props, message.n_metadata_props)
    info.extras = extras(proto, decoded: [1, 2, 3, 4])
    return info
  }
}

extension FieldNumbers {
  /// Counts field `number` among the decoded ones unless its text is empty. The representation
  /// knows no difference between an empty text and none, so that an empty one stays as encoded.
  func unlessEmptyText(_ number: Int, _ text: String) -> FieldNumbers {
    text.isEmpty ? self : union([number])
  }
}
