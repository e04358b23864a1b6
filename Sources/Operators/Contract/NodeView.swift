package import IR

/// What an operator sees of its node when it is made: attributes and which operands are there.
package struct NodeView {
  /// How messages name the node: `Conv 'layer1.conv'`.
  package let label: String
  package let attributes: [Attribute]
  /// Whether each input is given; optional inputs may be left out.
  package let inputs: [Bool]
  /// Whether each output is asked for.
  package let outputs: [Bool]

  package init(label: String, attributes: [Attribute], inputs: [Bool], outputs: [Bool]) {
    self.label = label
    self.attributes = attributes
    self.inputs = inputs
    self.outputs = outputs
  }

  package init(_ graph: Graph, _ id: NodeID) {
    let node = graph[id]
    self.init(
      label: graph.label(id), attributes: node.attributes, inputs: node.inputs.map { $0 != nil },
      outputs: node.outputs.map { $0 != nil })
  }

  private func value(_ name: String) -> AttributeValue? {
    attributes.first { $0.name == name }?.value
  }

  /// Whether the node has the attribute.
  package func has(_ name: String) -> Bool { value(name) != nil }

  /// An error about the attribute `name`: `Conv 'c1', attribute 'group': expected …, found …`.
  package func mismatch(_ name: String, expected: String, found: String) -> ModelError {
    ModelError(.invalid, "\(label), attribute '\(name)': expected \(expected), found \(found)")
  }

  private func missing(_ name: String, _ expected: String) -> ModelError {
    mismatch(name, expected: expected, found: "no such attribute")
  }

  private func wrongKind(_ name: String, _ expected: String, _ value: AttributeValue) -> ModelError
  {
    mismatch(name, expected: expected, found: value.kindName)
  }

  /// An integer attribute, `fallback` when absent; nil for required ones.
  package func int(_ name: String, default fallback: Int? = nil) throws(ModelError) -> Int {
    switch value(name) {
    case .int(let value): return value
    case nil:
      guard let fallback else { throw missing(name, "an integer") }
      return fallback
    case let other?: throw wrongKind(name, "an integer", other)
    }
  }

  /// An integer attribute that stands for a truth value.
  package func flag(_ name: String, default fallback: Bool = false) throws(ModelError) -> Bool {
    try int(name, default: fallback ? 1 : 0) != 0
  }

  /// A float attribute.
  package func float(_ name: String, default fallback: Float? = nil) throws(ModelError) -> Float {
    switch value(name) {
    case .float(let value): return value
    case nil:
      guard let fallback else { throw missing(name, "a float") }
      return fallback
    case let other?: throw wrongKind(name, "a float", other)
    }
  }

  /// A list of integers, nil when absent.
  package func ints(_ name: String) throws(ModelError) -> [Int]? {
    switch value(name) {
    case .ints(let values): return values
    case nil: return nil
    // A list without elements has no field to tell its kind; some exporters then write none.
    case .opaque?: return []
    case let other?: throw wrongKind(name, "a list of integers", other)
    }
  }

  /// A list of floats, nil when absent.
  package func floats(_ name: String) throws(ModelError) -> [Float]? {
    switch value(name) {
    case .floats(let values): return values
    case nil: return nil
    case let other?: throw wrongKind(name, "a list of floats", other)
    }
  }

  /// A string attribute.
  package func string(_ name: String, default fallback: String? = nil) throws(ModelError) -> String
  {
    switch value(name) {
    case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
    case nil:
      guard let fallback else { throw missing(name, "a string") }
      return fallback
    case let other?: throw wrongKind(name, "a string", other)
    }
  }

  /// A list of strings, nil when absent.
  package func strings(_ name: String) throws(ModelError) -> [[UInt8]]? {
    switch value(name) {
    case .strings(let values): return values
    case nil: return nil
    case .opaque?: return []
    case let other?: throw wrongKind(name, "a list of strings", other)
    }
  }

  /// A graph attribute as a body.
  package func body(_ name: String) throws(ModelError) -> Body {
    switch value(name) {
    case .graph(let graph): return Body(name, graph)
    case nil: throw missing(name, "a graph")
    case let other?: throw wrongKind(name, "a graph", other)
    }
  }

  /// A tensor attribute, nil when absent.
  package func tensor(_ name: String) throws(ModelError) -> Tensor? {
    switch value(name) {
    case .tensor(let tensor): return tensor
    case nil: return nil
    case let other?: throw wrongKind(name, "a tensor", other)
    }
  }
}

extension AttributeValue {
  /// The kind in words, with its article.
  package var kindName: String {
    switch self {
    case .float: "a float"
    case .int: "an integer"
    case .string: "a string"
    case .tensor: "a tensor"
    case .graph: "a graph"
    case .floats: "a list of floats"
    case .ints: "a list of integers"
    case .strings: "a list of strings"
    case .tensors: "a list of tensors"
    case .graphs: "a list of graphs"
    case .reference(let name): "a reference to the function's attribute '\(name)'"
    case .opaque: "a value of another kind"
    }
  }
}
