package import IR

/// A tensor given by an attribute (https://onnx.ai/onnx/operators/onnx__Constant.html).
package struct Constant: Operator {
  package static let schema = Schema("Constant", inputs: 0...0)
  /// The tensor; nil for sparse ones, which are not supported.
  package let constantValue: Tensor?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    constantValue = try Self.decode(node)
  }

  private static func decode(_ node: NodeView) throws(ModelError) -> Tensor? {
    if let tensor = try node.tensor("value") { return tensor }
    if node.has("value_float") { return Tensor(floats: [try node.float("value_float")], []) }
    if node.has("value_int") { return Tensor(int64: [try node.int("value_int")], []) }
    if let values = try node.floats("value_floats") {
      return Tensor(floats: values, [values.count])
    }
    if let values = try node.ints("value_ints") { return Tensor(int64: values, [values.count]) }
    if node.has("value_string") {
      return Tensor(strings: [Array(try node.string("value_string").utf8)], [])
    }
    if let strings = node.attributes.first(where: { $0.name == "value_strings" }),
      case .strings(let values) = strings.value
    {
      return Tensor(strings: values, [values.count])
    }
    guard node.has("sparse_value") else {
      throw ModelError(.invalid, "\(node.label): expected an attribute with a value, found none")
    }
    return nil
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard let tensor = constantValue else { return [Inferred(.unknown)] }
    let isSmall = tensor.elementType.isInteger && tensor.count <= 1024
    return [Inferred(tensor.type, data: isSmall ? tensor.integers?.map { .known($0) } : nil)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    guard let tensor = constantValue, let storage = tensor.storage else {
      throw ModelError(
        .unsupported, "\(context.label): sparse values and strings are not supported here")
    }
    let y = try context.bytes(tensor.elementType, tensor.dimensions)
    guard storage.count == y.count else {
      throw ModelError(
        .invalid,
        "\(context.label): expected \(y.count) bytes for \(tensor.type), found \(storage.count)")
    }
    storage.withUnsafeBytes { y.copyMemory(from: $0) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    ChannelRule([])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .float(reason: "a constant") }
}
