package import IR

/// Checks of nodes against their operator's signature. Each error names the node, what was expected
/// and what was found.
extension Signature {
  /// Checks how many operands the node has and which attributes.
  package func check(_ node: NodeView) throws(ModelError) {
    try Self.check(node.label, "inputs", node.inputs.count, inputCount)
    try Self.check(node.label, "outputs", node.outputs.count, outputCount)
    for index in node.inputs.indices where !node.inputs[index] {
      guard let formal = input(index), !formal.isOptional, !formal.isVariadic else { continue }
      throw ModelError(.invalid, "\(node.label), input \(index): expected a value, found none")
    }
    for rule in attributes where rule.isRequired && !node.has(rule.name) {
      throw node.mismatch(
        rule.name, expected: Self.article(rule.kind), found: "no such attribute")
    }
    for attribute in node.attributes {
      // Names that begin so belong to the tool that wrote them.
      if attribute.name.hasPrefix("__") { continue }
      guard let rule = attributes.first(where: { $0.name == attribute.name }) else {
        let names = attributes.map { "'\($0.name)'" }.sorted().joined(separator: ", ")
        throw node.mismatch(
          attribute.name, expected: names.isEmpty ? "no attributes" : "one of \(names)",
          found: "an attribute of this name")
      }
      // Sparse tensors and types are kept as they are encoded.
      if rule.kind == "sparse_tensor" || rule.kind == "type_proto" { continue }
      guard attribute.value.kindName != Self.article(rule.kind) else { continue }
      switch attribute.value {
      // References are resolved where the function is called; an empty list does not tell its kind.
      case .reference, .opaque: continue
      default:
        throw node.mismatch(
          rule.name, expected: Self.article(rule.kind), found: attribute.value.kindName)
      }
    }
  }

  package static func check(
    _ label: String, _ what: String, _ count: Int, _ allowed: ClosedRange<Int>
  ) throws(ModelError) {
    guard !allowed.contains(count) else { return }
    let wanted =
      allowed.upperBound == .max
      ? "at least \(allowed.lowerBound)"
      : allowed.count == 1
        ? "\(allowed.lowerBound)" : "\(allowed.lowerBound) to \(allowed.upperBound)"
    throw ModelError(.invalid, "\(label): expected \(wanted) \(what), found \(count)")
  }

  private static func article(_ kind: String) -> String {
    switch kind {
    case "int": "an integer"
    case "ints": "a list of integers"
    default: kind.hasSuffix("s") ? "a list of \(kind)" : "a \(kind)"
    }
  }

  /// Checks the element types of the inputs, as far as they are known.
  package func check(_ inputs: Inputs) throws(ModelError) {
    try check(types: (0..<inputs.count).map { inputs.elementType($0) }) {
      inputs.mismatch($0, expected: $1, found: $0 < inputs.count ? "\(inputs.type($0))" : $2)
    }
  }

  /// Checks element types; `undefined` stands for an input that is left out or not known.
  package func check(types: [ElementType], _ mismatch: Mismatch) throws(ModelError) {
    // The first operand of each type variable, which the others must equal.
    var first: [(variable: String, index: Int)] = []
    for (index, type) in types.enumerated() where type != .undefined {
      guard let formal = input(index) else { continue }
      guard formal.types.contains(type) else {
        throw mismatch(index, "\(formal.types)", "\(type)")
      }
      guard let variable = formal.variable, !formal.isHeterogeneous else { continue }
      guard let other = first.first(where: { $0.variable == variable })?.index else {
        first.append((variable, index))
        continue
      }
      guard types[other] == type else {
        throw mismatch(index, "\(types[other]), as input \(other) is", "\(type)")
      }
    }
  }
}
