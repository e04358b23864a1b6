/// Attributes, tensors, types and names in ONNX's text syntax.
extension TextWriter {
  mutating func write(_ attribute: Attribute) {
    put(Self.identifier(attribute.name) + ": " + Self.kindName(attribute) + " = ")
    switch attribute.value {
    case .float(let value): put(Self.number(value))
    case .int(let value): put("\(value)")
    case .string(let bytes): put(Self.quoted(bytes))
    case .tensor(let tensor): put(typedTensor(tensor, name: tensor.name, equals: false))
    case .graph(let graph): write(graph)
    case .floats(let values): put(Self.list(values.map { Self.number($0) }))
    case .ints(let values): put(Self.list(values.map { "\($0)" }))
    case .strings(let values): put(Self.list(values.map { Self.quoted($0) }))
    case .tensors(let values):
      put(Self.list(values.map { typedTensor($0, name: $0.name, equals: false) }))
    case .graphs(let graphs):
      put("[")
      for (index, graph) in graphs.enumerated() {
        if index > 0 { put(", ") }
        write(graph)
      }
      put("]")
    case .reference(let name): put("@" + Self.identifier(name))
    case .opaque:
      if let type = attribute.typeValue {
        put(Self.type(type))
        return
      }
      var hash = ContentHash()
      for field in attribute.extras { field.bytes.withUnsafeBytes { hash.combine($0) } }
      put("... \(hash.digest)")
    }
  }

  private static let kindNames = [
    "undefined", "float", "int", "string", "tensor", "graph", "floats", "ints", "strings",
    "tensors", "graphs", "sparse_tensor", "sparse_tensors", "type_proto", "type_protos",
  ]

  private static func kindName(_ attribute: Attribute) -> String {
    let kind = attribute.kind ?? attribute.value.kind ?? 0
    return kindNames[safe: Int(kind)] ?? "kind\(kind)"
  }

  private static func list(_ items: [String]) -> String {
    "[" + items.joined(separator: ", ") + "]"
  }

  /// `float[2] w = {1,2.5}`, or `float[64,3,7,7] w = {... 0123456789abcdef}` for large tensors.
  func typedTensor(_ tensor: Tensor, name: String?, equals: Bool) -> String {
    var out = Self.type(tensor.type)
    if let name, !name.isEmpty || equals { out += " " + Self.identifier(name) }
    return out + (equals ? " = " : " ") + elements(of: tensor)
  }

  private func elements(of tensor: Tensor) -> String {
    if tensor.isAbsent { return "{... absent\(Self.reference(tensor))}" }
    let limit: Int
    switch tensors {
    case .upTo(let count): limit = count
    case .noWeights: limit = tensor.elementType.isInteger ? 8 : -1
    }
    if tensor.dimensions.allSatisfy({ $0 >= 0 }), tensor.count <= limit,
      let items = Self.items(tensor)
    {
      return "{" + items.joined(separator: ",") + "}"
    }
    return tensors == .noWeights ? "{...}" : "{... \(tensor.digest)}"
  }

  /// Where the elements of an absent tensor should be: `, location=w.data offset=0 length=16`.
  private static func reference(_ tensor: Tensor) -> String {
    guard case .external(let entries) = tensor.encoding else { return "" }
    return ": " + entries.map { "\($0.key ?? "")=\($0.value ?? "")" }.joined(separator: " ")
  }

  /// The elements as the syntax writes them; half precision as bit patterns. Nil for element types
  /// that the syntax has no elements for.
  private static func items(_ tensor: Tensor) -> [String]? {
    switch tensor.payload {
    case .strings(let strings): return strings.map { quoted($0) }
    case .bytes:
      switch tensor.elementType {
      case .float: return tensor.floats?.map { number($0) }
      case .double: return tensor.doubles?.map { number($0) }
      case .float16, .bfloat16:
        var bits = tensor
        bits.elementType = .uint16
        return bits.integers?.map { "\($0)" }
      default: return tensor.integers?.map { "\($0)" }
      }
    }
  }

  /// The shortest decimal that reads back as the same number, without a trailing `.0`.
  private static func number<T: BinaryFloatingPoint & LosslessStringConvertible>(
    _ value: T
  ) -> String {
    if value.isNaN { return "nan" }
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  static func opsets(_ imports: [OpsetImport]) -> String {
    list(imports.map { "\(quoted($0.domain ?? "")) : \($0.version ?? 0)" })
  }

  /// A type: `float[1,N]`, `float` for a scalar, `float[]` where the rank is unknown.
  static func type(_ type: ValueType?) -> String {
    switch type {
    case nil: ""
    case .tensor(let type): self.type(type)
    case .sparseTensor(let type): "sparse_tensor(\(self.type(type)))"
    case .sequence(let element): "seq(\(self.type(element)))"
    case .optional(let element): "optional(\(self.type(element)))"
    case .map(let key, let value): "map(\(key), \(self.type(value)))"
    }
  }

  static func type(_ type: TensorType) -> String {
    guard let shape = type.shape else { return "\(type.elementType)[]" }
    if shape.rank == 0 { return "\(type.elementType)" }
    let lengths = shape.dimensions.map { dimension in
      switch dimension {
      case .known(let value): "\(value)"
      case .symbolic(let expression): identifier(expression.description)
      case .unknown: "?"
      }
    }
    return "\(type.elementType)[\(lengths.joined(separator: ","))]"
  }

  /// A name, in quotes unless it is an identifier.
  static func identifier(_ name: String) -> String {
    func isLetter(_ byte: UInt8) -> Bool {
      (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f
    }
    let bytes = name.utf8
    guard let first = bytes.first, isLetter(first),
      bytes.allSatisfy({ isLetter($0) || (0x30...0x39).contains($0) })
    else { return quoted(name) }
    return name
  }

  static func quoted(_ bytes: [UInt8]) -> String {
    quoted(bytes.withUnsafeBytes { FileText.decode($0) })
  }

  /// A string literal. The syntax escapes quotes and backslashes and nothing else.
  static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { out += "\\" }
      out.unicodeScalars.append(scalar)
    }
    return out + "\""
  }
}
