/// What the text of a model says of the elements of its tensors.
public enum TensorText: Hashable, Sendable {
  /// Up to so many elements, beyond them a digest.
  case upTo(Int)
  /// All elements: the text can be parsed back.
  public static let full = TensorText.upTo(.max)
  /// Up to eight elements, beyond them a digest.
  public static let digests = TensorText.upTo(8)
  /// Neither elements nor digests, but for up to eight integers, which are shapes and axes.
  case noWeights
}

extension Model {
  /// The model in ONNX's own text syntax (https://github.com/onnx/onnx/blob/main/docs/Syntax.md).
  ///
  /// Tensors with more elements than `tensorLimit` are abbreviated to type, shape and a digest of
  /// their content; with a large limit the text can be parsed back. Documentation of graphs and
  /// nodes, metadata of anything but the model, and fields of newer releases have no place in the
  /// syntax and are left out.
  public func text(tensorLimit: Int = 8) -> String { text(.upTo(tensorLimit)) }

  /// The same with what is to be said of tensors.
  public func text(_ tensors: TensorText) -> String {
    var writer = TextWriter(tensors)
    writer.write(self)
    return writer.text
  }
}

extension Graph {
  /// The graph in ONNX's text syntax; see `Model.text(tensorLimit:)`.
  public func text(tensorLimit: Int = 8) -> String {
    var writer = TextWriter(.upTo(tensorLimit))
    writer.write(self)
    return writer.text + "\n"
  }
}

extension Function {
  /// The function in ONNX's text syntax; see `Model.text(tensorLimit:)`.
  public func text(tensorLimit: Int = 8) -> String {
    var writer = TextWriter(.upTo(tensorLimit))
    writer.write(self)
    return writer.text
  }
}

/// Builds the text; one method a production of the syntax.
struct TextWriter {
  private(set) var text = ""
  let tensors: TensorText
  private var depth = 0

  init(_ tensors: TensorText) { self.tensors = tensors }

  mutating func put(_ part: String) { text += part }

  private mutating func startLine() {
    put("\n")
    put(String(repeating: "   ", count: depth))
  }

  mutating func write(_ model: Model) {
    var entries: [String] = []
    if let version = model.irVersion { entries.append("ir_version: \(version)") }
    entries.append("opset_import: \(Self.opsets(model.opsetImports))")
    let texts = [
      ("producer_name", model.producerName), ("producer_version", model.producerVersion),
      ("domain", model.domain),
    ]
    for (key, value) in texts where value?.isEmpty == false {
      entries.append("\(key): \(Self.quoted(value!))")
    }
    if let version = model.modelVersion { entries.append("model_version: \(version)") }
    if let doc = model.docString, !doc.isEmpty {
      entries.append("doc_string: \(Self.quoted(doc))")
    }
    if !model.metadata.isEmpty {
      let pairs = model.metadata.map {
        "\(Self.quoted($0.key ?? "")): \(Self.quoted($0.value ?? ""))"
      }
      entries.append("metadata_props: [\(pairs.joined(separator: ", "))]")
    }
    put("<\n   " + entries.joined(separator: ",\n   ") + "\n>\n")
    write(model.graph)
    put("\n")
    for function in model.functions { write(function) }
  }

  mutating func write(_ function: Function) {
    var entries = ["domain: \(Self.quoted(function.domain ?? ""))"]
    if let overload = function.overload, !overload.isEmpty {
      entries.append("overload: \(Self.quoted(overload))")
    }
    entries.append("opset_import: \(Self.opsets(function.opsetImports))")
    put("<\n  " + entries.joined(separator: ",\n  ") + "\n>\n")
    put(Self.identifier(function.name ?? ""))
    if !function.attributeNames.isEmpty || !function.attributeDefaults.isEmpty {
      put(" <" + function.attributeNames.map(Self.identifier).joined(separator: ", "))
      for (index, attribute) in function.attributeDefaults.enumerated() {
        if index > 0 || !function.attributeNames.isEmpty { put(", ") }
        write(attribute)
      }
      put(">")
    }
    let body = function.body
    put(" (" + body.inputs.map { Self.identifier(body[$0.value].name) }.joined(separator: ", "))
    put(") => (")
    put(body.outputs.map { Self.identifier(body[$0.value].name) }.joined(separator: ", ") + ")")
    writeDeclarations(of: body)
    writeNodes(of: body)
    put("\n")
  }

  /// `name (inputs) => (outputs) <values> { nodes }`, without a line break at the end.
  mutating func write(_ graph: Graph) {
    put(Self.identifier(graph.name ?? "") + " (")
    put(graph.inputs.map { declaration($0, in: graph) }.joined(separator: ", ") + ") => (")
    put(graph.outputs.map { declaration($0, in: graph) }.joined(separator: ", ") + ")")
    writeDeclarations(of: graph)
    writeNodes(of: graph)
  }

  private func declaration(_ info: ValueInfo, in graph: Graph) -> String {
    "\(Self.type(info.type)) \(Self.identifier(graph[info.value].name))"
  }

  private mutating func writeDeclarations(of graph: Graph) {
    var lines = graph.initializers.compactMap { id in
      graph[id].initializer.map { typedTensor($0, name: graph[id].name, equals: true) }
    }
    lines += graph.valueInfos.map { declaration($0, in: graph) }
    guard !lines.isEmpty else { return }
    depth += 1
    for (index, line) in lines.enumerated() {
      startLine()
      put((index == 0 ? "<" : " ") + line + (index == lines.count - 1 ? ">" : ","))
    }
    depth -= 1
  }

  private mutating func writeNodes(of graph: Graph) {
    startLine()
    put("{")
    depth += 1
    for id in graph.nodeIDs { write(graph[id], in: graph) }
    depth -= 1
    startLine()
    put("}")
  }

  private mutating func write(_ node: Node, in graph: Graph) {
    func names(_ values: [ValueID?]) -> String {
      values.map { Self.identifier($0.map { graph[$0].name } ?? "") }.joined(separator: ", ")
    }
    startLine()
    if let name = node.name, !name.isEmpty { put("[\(Self.identifier(name))] ") }
    put(names(node.outputs) + " = ")
    if let domain = node.domain, !domain.isEmpty { put(domain + ".") }
    put(node.type)
    if let overload = node.overload, !overload.isEmpty { put(":" + overload) }
    // The syntax takes attributes on either side of the inputs; graphs read better last.
    let trailing = !node.subgraphs.isEmpty
    if !trailing { writeAttributes(node.attributes) }
    put(" (" + names(node.inputs) + ")")
    if trailing { writeAttributes(node.attributes) }
  }

  private mutating func writeAttributes(_ attributes: [Attribute]) {
    guard !attributes.isEmpty else { return }
    put(" <")
    for (index, attribute) in attributes.enumerated() {
      if index > 0 { put(", ") }
      write(attribute)
    }
    put(">")
  }
}
