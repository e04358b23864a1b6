package import IR

/// A tensor given by an attribute (https://onnx.ai/onnx/operators/onnx__Constant.html).
package struct Constant: ValueOperator {
  package static let schema = Schema(
    "Constant", opsets: 1...28,
    signature: """
      1: () -> T; <value: tensor!>; T: floats
      9: T + integers string bool complex64 complex128
      11: <sparse_value: sparse_tensor, value: tensor>
      12: <sparse_value: sparse_tensor, value: tensor, value_float: float,
        value_floats: floats, value_int: int, value_ints: ints, value_string: string,
        value_strings: strings>
      13: T + bfloat16
      19: T + float8
      21: T + int4s
      23: T + float4e2m1
      24: T + float8e8m0
      25: T + int2s
      """)
  private let tensor: Tensor
  package var constantValue: Tensor? { tensor }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    tensor = try Self.decode(node)
  }

  fileprivate static func decode(_ node: NodeView) throws(ModelError) -> Tensor {
    if let tensor = try node.tensor("value") { return tensor }
    if node.has("value_float") { return Tensor(floats: [try node.float("value_float")], []) }
    if node.has("value_int") { return Tensor(int64: [try node.int("value_int")], []) }
    if let values = try node.floats("value_floats") {
      return Tensor(floats: values, [values.count])
    }
    if let values = try node.ints("value_ints") { return Tensor(int64: values, [values.count]) }
    if case .string(let text)? = node.attributes.first(where: { $0.name == "value_string" })?.value
    {
      return Tensor(strings: [text], [])
    }
    if let values = try node.strings("value_strings") {
      return Tensor(strings: values, [values.count])
    }
    if let sparse = node.attributes.first(where: { $0.name == "sparse_value" })?.sparseValue {
      return try noting(node.label) { () throws(ModelError) in try sparse.dense() }
    }
    throw ModelError(.invalid, "\(node.label): expected an attribute with a value, found none")
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let isSmall = tensor.elementType.isInteger && tensor.count <= 1024
    return [Inferred(tensor.type, data: isSmall ? tensor.integers?.map { .known($0) } : nil)]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] { [.tensor(tensor)] }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    ChannelRule([])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .float(reason: "a constant") }
}

extension Constant {
  package var gradient: Gradient { .zero }
}

extension Constant {
  /// The first version of the operator set in which numbers may be said without a tensor.
  static let valuesOpset = 12

  package static let revisions: [Revision] = [
    .additive(11),
    // Numbers and texts may be said without a tensor.
    Revision(
      12,
      down: { edit throws(ModelError) in
        guard edit.attribute("value") == nil, edit.attribute("sparse_value") == nil else { return }
        let view = NodeView(edit.graph, edit.node)
        guard let tensor = try? decode(view) else {
          throw edit.decline("its value is given by the caller of a function")
        }
        for attribute in view.attributes { edit.set(attribute.name, nil) }
        edit.set("value", .tensor(tensor))
      }),
  ]
}
